package io.delta.storage;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FSDataOutputStreamBuilder;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.s3a.AWSServiceIOException;
import org.apache.hadoop.fs.s3a.RemoteFileChangedException;
import org.apache.hadoop.fs.s3a.S3AFileSystem;

/** Hadoop 3.4.2 and later, which writes conditionally by itself. */
public final class HeadraceSdk2LogStore extends HeadraceLogStore {

    public HeadraceSdk2LogStore(Configuration hadoopConf) {
        super(hadoopConf);
    }

    @Override
    protected void put(S3AFileSystem files, Path path, byte[] body) throws IOException {
        FSDataOutputStreamBuilder builder = files.createFile(path);
        // "must": where the bucket's settings switch it off, the write fails, not the promise.
        builder.must(Options.CreateFileOptionKeys.FS_OPTION_CREATE_CONDITIONAL_OVERWRITE, true);
        FSDataOutputStream stream = (FSDataOutputStream) builder.build();
        stream.write(body);
        stream.close();
    }

    @Override
    protected int status(Throwable error) {
        for (Throwable each = error; each != null; each = each.getCause()) {
            if (each instanceof RemoteFileChangedException) {
                return 412;
            }
            if (each instanceof AWSServiceIOException) {
                return ((AWSServiceIOException) each).statusCode();
            }
        }
        return 0;
    }
}

package io.delta.storage;

import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.util.Arrays;
import java.util.Iterator;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.hadoop.io.IOUtils;

/**
 * Commits to S3 that no other driver's commit can be lost to: a file of the log that must not exist yet is written by
 * one request that S3 refuses if it does. Delta's own class asks first and writes then, safe within one JVM only.
 *
 * Compiled by Janino when a session needs it (see log_store.py): no lambda, no diamond, no "var". The package is Delta's
 * because the class is defined beside Delta's own, in whatever class loader that came from.
 */
public abstract class HeadraceLogStore extends S3SingleDriverLogStore {

    private static final int ATTEMPTS = 8;
    private static final long FIRST_PAUSE_MS = 100;
    private static final int BUFFER_BYTES = 65536;

    protected HeadraceLogStore(Configuration hadoopConf) {
        super(hadoopConf);
    }

    /** Puts an object that must not exist yet, in one request; any exception, where it may have landed or not. */
    protected abstract void put(S3AFileSystem files, Path path, byte[] body) throws IOException;

    /** Returns the HTTP status that an exception stands for; 0 where there was no answer. */
    protected abstract int status(Throwable error);

    @Override
    public void write(Path path, Iterator<String> actions, Boolean overwrite, Configuration hadoopConf)
            throws IOException {
        FileSystem files = path.getFileSystem(hadoopConf);
        if (overwrite.booleanValue() || !(files instanceof S3AFileSystem)) {
            super.write(path, actions, overwrite, hadoopConf);
            return;
        }
        byte[] body = bytes(actions);
        for (int attempt = 1; ; attempt++) {
            try {
                put((S3AFileSystem) files, path, body);
                return;
            } catch (IOException error) {
                // What S3 says of one attempt is no proof: the client may have sent it twice, and lost the first answer.
                byte[] there = read(files, path, error);
                if (there != null && Arrays.equals(there, body)) {
                    return;
                }
                if (there != null) {
                    throw (IOException) new FileAlreadyExistsException(path.toString()).initCause(error);
                }
                // 409: two conditional writes at one time. 412 without an object: it was deleted in between.
                int status = status(error);
                if ((status != 409 && status != 412) || attempt == ATTEMPTS) {
                    throw error;
                }
                pause(FIRST_PAUSE_MS << (attempt - 1), error);
            }
        }
    }

    private static byte[] bytes(Iterator<String> actions) throws IOException {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        while (actions.hasNext()) {
            body.write((((String) actions.next()) + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return body.toByteArray();
    }

    /** Returns what the object holds, null where there is none. */
    private static byte[] read(FileSystem files, Path path, IOException error) throws IOException {
        try {
            ByteArrayOutputStream there = new ByteArrayOutputStream();
            IOUtils.copyBytes(files.open(path), there, BUFFER_BYTES, true);
            return there.toByteArray();
        } catch (FileNotFoundException absent) {
            return null;
        } catch (IOException unreadable) {
            IOException unknown = new IOException(
                "whether " + path + " was written is not known: its answer was lost and it cannot be read", error);
            unknown.addSuppressed(unreadable);
            throw unknown;
        }
    }

    private static void pause(long milliseconds, IOException error) throws IOException {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw (IOException) new InterruptedIOException("interrupted while committing").initCause(error);
        }
    }
}

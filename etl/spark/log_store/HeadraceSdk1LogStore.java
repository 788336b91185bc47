package io.delta.storage;

import com.amazonaws.AmazonClientException;
import com.amazonaws.AmazonServiceException;
import com.amazonaws.services.s3.AmazonS3;
import com.amazonaws.services.s3.model.PutObjectRequest;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.s3a.S3AFileSystem;
import org.apache.hadoop.fs.s3a.S3AUtils;
import org.apache.hadoop.fs.s3a.api.RequestFactory;

/**
 * Hadoop 3.3, whose SDK knows no conditional write: the header is added to the request that S3A itself would send, with
 * its encryption and client. S3A's own retries would repeat a refusal for half a minute; those of the SDK do not.
 */
public final class HeadraceSdk1LogStore extends HeadraceLogStore {

    public HeadraceSdk1LogStore(Configuration hadoopConf) {
        super(hadoopConf);
    }

    @Override
    protected void put(S3AFileSystem files, Path path, byte[] body) throws IOException {
        RequestFactory requests = files.getRequestFactory();
        PutObjectRequest request = requests.newPutObjectRequest(
            files.pathToKey(files.makeQualified(path)),
            requests.newObjectMetadata(body.length),
            new ByteArrayInputStream(body));
        request.putCustomRequestHeader("If-None-Match", "*");
        request.getRequestClientOptions().setReadLimit(body.length + 1);
        AmazonS3 client = files.getAmazonS3ClientForTesting("conditional write");
        try {
            client.putObject(request);
        } catch (AmazonClientException error) {
            throw S3AUtils.translateException("conditional write", path, error);
        }
    }

    @Override
    protected int status(Throwable error) {
        for (Throwable each = error; each != null; each = each.getCause()) {
            if (each instanceof AmazonServiceException) {
                return ((AmazonServiceException) each).getStatusCode();
            }
        }
        return 0;
    }
}

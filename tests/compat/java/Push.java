import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hc.core5.http.NameValuePair;
import org.apache.hc.core5.http.message.BasicNameValuePair;
import org.apache.pinot.segment.local.utils.SegmentPushUtils;
import org.apache.pinot.spi.filesystem.LocalPinotFS;
import org.apache.pinot.spi.ingestion.batch.spec.PinotClusterSpec;
import org.apache.pinot.spi.ingestion.batch.spec.PushJobSpec;
import org.apache.pinot.spi.ingestion.batch.spec.SegmentGenerationJobSpec;
import org.apache.pinot.spi.ingestion.batch.spec.TableSpec;

/**
 * java Push.java CONTROLLER TABLE tar|uri|metadata|batch TAR...: what LaunchDataIngestionJob's push runners do with
 * segments; all but batch push the first one.
 */
public class Push {
  public static void main(String[] arguments) throws Exception {
    SegmentGenerationJobSpec job = new SegmentGenerationJobSpec();
    TableSpec table = new TableSpec();
    table.setTableName(arguments[1]);
    job.setTableSpec(table);
    PinotClusterSpec cluster = new PinotClusterSpec();
    cluster.setControllerURI(arguments[0]);
    job.setPinotClusterSpecs(new PinotClusterSpec[] {cluster});
    PushJobSpec push = new PushJobSpec();
    push.setPushAttempts(1);
    job.setPushJobSpec(push);
    String tar = arguments[3];
    LocalPinotFS files = new LocalPinotFS();
    switch (arguments[2]) {
      case "tar": SegmentPushUtils.pushSegments(job, files, List.of(tar)); break;
      case "uri": SegmentPushUtils.sendSegmentUris(job, List.of("file://" + tar)); break;
      case "metadata": SegmentPushUtils.sendSegmentUriAndMetadata(job, files, Map.of("file://" + tar, tar)); break;
      default:
        Map<String, String> all = new TreeMap<>();
        for (int i = 3; i < arguments.length; i++) all.put("file://" + arguments[i], arguments[i]);
        push.setSegmentMetadataGenerationParallelism(1);
        List<NameValuePair> parameters = List.of(new BasicNameValuePair("tableName", arguments[1]));
        SegmentPushUtils.sendSegmentsUriAndMetadata(job, files, all, List.of(), parameters);
    }
    System.out.println("pushed");
    System.exit(0);
  }
}

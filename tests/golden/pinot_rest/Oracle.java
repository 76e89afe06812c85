import java.util.*;
import org.apache.pinot.controller.*;
import org.apache.pinot.spi.env.PinotConfiguration;
import org.apache.pinot.common.utils.ZkStarter;
public class Oracle {
  public static void main(String[] a) throws Exception {
    ZkStarter.startLocalZkServer(19151, "oracle/zk");
    Map<String,Object> m = new HashMap<>();
    m.put("controller.zk.str", "localhost:19151");
    m.put("controller.helix.cluster.name", "PinotCluster");
    m.put("controller.host", "127.0.0.1");
    m.put("controller.port", "19150");
    m.put("controller.data.dir", "oracle/data");
    m.put("controller.local.temp.dir", "oracle/tmp");
    m.put("cluster.tenant.isolation.enable", "true");
    m.put("controller.task.scheduler.enabled", "true");
    ControllerStarter s = new ControllerStarter();
    s.init(new PinotConfiguration(m));
    s.start();
    String z="localhost:19151"; Parts.join("PinotCluster", z, "Broker_127.0.0.1_19101", "BrokerResourceOnlineOfflineStateModel", Map.of(), "DefaultTenant_BROKER"); Parts.join("PinotCluster", z, "Server_127.0.0.1_8098", "SegmentOnlineOfflineStateModel", Map.of("adminPort","19102","grpcPort","8090"), "DefaultTenant_OFFLINE","DefaultTenant_REALTIME"); Parts.join("PinotCluster", z, "Minion_127.0.0.1_19103", "SegmentOnlineOfflineStateModel", Map.of(), "minion_untagged"); System.err.println("STARTED");
    Thread.sleep(100000000L);
  }
}

import java.util.*;
import org.apache.helix.*;
import org.apache.helix.model.*;
import org.apache.helix.participant.statemachine.*;
import org.apache.helix.NotificationContext;
public class Parts {
  @StateModelInfo(states = "{'OFFLINE','ONLINE','CONSUMING','DROPPED'}", initialState = "OFFLINE")
  public static class M extends StateModel {
    @org.apache.helix.participant.statemachine.Transition(from="OFFLINE",to="ONLINE") public void a(Message m, NotificationContext c) {}
    @org.apache.helix.participant.statemachine.Transition(from="OFFLINE",to="CONSUMING") public void b(Message m, NotificationContext c) {}
    @org.apache.helix.participant.statemachine.Transition(from="CONSUMING",to="ONLINE") public void d(Message m, NotificationContext c) {}
    @org.apache.helix.participant.statemachine.Transition(from="CONSUMING",to="OFFLINE") public void e(Message m, NotificationContext c) {}
    @org.apache.helix.participant.statemachine.Transition(from="ONLINE",to="OFFLINE") public void f(Message m, NotificationContext c) {}
    @org.apache.helix.participant.statemachine.Transition(from="OFFLINE",to="DROPPED") public void g(Message m, NotificationContext c) {}
    @org.apache.helix.participant.statemachine.Transition(from="ONLINE",to="DROPPED") public void h(Message m, NotificationContext c) {}
    @org.apache.helix.participant.statemachine.Transition(from="CONSUMING",to="DROPPED") public void i(Message m, NotificationContext c) {}
    @org.apache.helix.participant.statemachine.Transition(from="ERROR",to="OFFLINE") public void j(Message m, NotificationContext c) {}
  }
  public static class F extends StateModelFactory<StateModel> {
    public StateModel createNewStateModel(String resource, String partition) { return new M(); }
  }
  static void join(String cluster, String zk, String name, String model, Map<String,String> extra, String... tags) throws Exception {
    HelixManager m = HelixManagerFactory.getZKHelixManager(cluster, name, InstanceType.PARTICIPANT, zk);
    m.getStateMachineEngine().registerStateModelFactory(model, new F());
    m.connect();
    HelixAdmin ad = m.getClusterManagmentTool();
    InstanceConfig ic = ad.getInstanceConfig(cluster, name);
    for (String t : tags) ic.addTag(t);
    for (Map.Entry<String,String> e : extra.entrySet()) ic.getRecord().setSimpleField(e.getKey(), e.getValue());
    ad.setInstanceConfig(cluster, name, ic);
  }
}

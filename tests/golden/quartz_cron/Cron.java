import java.io.*; import java.nio.charset.StandardCharsets;
import org.quartz.CronScheduleBuilder;
public class Cron { public static void main(String[] a) throws Exception {
  BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  for (String l; (l = in.readLine()) != null;) { boolean ok; String m="";
    try { CronScheduleBuilder.cronSchedule(l); ok = true; } catch (Throwable e) { ok = false; m = String.valueOf(e.getCause()==null?e.getMessage():e.getCause().getMessage()); }
    System.out.println((ok ? "1" : "0") + "\t" + l + "\t" + m.replace("\n"," ")); } } }

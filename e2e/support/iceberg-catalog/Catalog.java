import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.iceberg.CatalogProperties;
import org.apache.iceberg.jdbc.JdbcCatalog;
import org.apache.iceberg.rest.RESTCatalogAdapter;
import org.apache.iceberg.rest.RESTCatalogServlet;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.servlet.ServletContextHandler;
import org.eclipse.jetty.servlet.ServletHolder;

/** Iceberg's reference REST catalog on loopback, over SQLite: `java -cp JARS Catalog.java FOLDER`. Prints its port. */
public class Catalog {
  public static void main(String[] args) throws Exception {
    String folder = args[0];
    JdbcCatalog catalog = new JdbcCatalog();
    catalog.setConf(new Configuration());
    catalog.initialize("reference", Map.of(
        CatalogProperties.URI, "jdbc:sqlite:" + folder + "/catalog.db",
        CatalogProperties.WAREHOUSE_LOCATION, "file://" + folder + "/warehouse",
        "jdbc.schema-version", "V1"));
    Server server = new Server();
    ServerConnector connector = new ServerConnector(server);
    connector.setHost("127.0.0.1");
    connector.setPort(0);
    server.addConnector(connector);
    ServletContextHandler handler = new ServletContextHandler(ServletContextHandler.NO_SESSIONS);
    handler.addServlet(new ServletHolder(new RESTCatalogServlet(new RESTCatalogAdapter(catalog))), "/*");
    server.setHandler(handler);
    server.start();
    System.out.println("ready " + connector.getLocalPort());
    server.join();
  }
}

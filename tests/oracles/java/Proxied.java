import java.net.Proxy;
import java.net.ProxySelector;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;

/** Says for each line `host list` of a file whether Java asks for it without a proxy. */
class Proxied {
    public static void main(String[] arguments) throws Exception {
        System.setProperty("http.proxyHost", "proxy.test");
        System.setProperty("http.proxyPort", "3128");
        for (String line : Files.readAllLines(Path.of(arguments[0]))) {
            String[] words = line.split("\t", -1);
            System.setProperty("http.nonProxyHosts", words[1]);
            URI asked = new URI("http://" + words[0] + ":8080/");
            boolean direct = ProxySelector.getDefault().select(asked).get(0).type() == Proxy.Type.DIRECT;
            System.out.println(words[0] + "\t" + words[1] + "\t" + (direct ? "direct" : "proxy"));
        }
    }
}

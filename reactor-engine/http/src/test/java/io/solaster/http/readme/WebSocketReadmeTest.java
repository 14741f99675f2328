package io.solaster.http.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.server.HttpProtocol;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Runs what WEBSOCKET.md shows, line by line, with the JDK's client. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@SolasterTest
class WebSocketReadmeTest {

    @Test
    void chats(Engine engine) throws Exception {
        ServerConfig config = ServerConfig.of("http", 0);
        try (TcpServer server = TcpServer.bind(engine, "web", config,
                new HttpProtocol(ChatExample.run(engine), config));
                HttpClient http = HttpClient.newHttpClient()) {
            Client ada = new Client(http, server, "/rooms/red?name=Ada");
            Client bob = new Client(http, server, "/rooms/red?name=Bob");
            ada.socket.sendText("anybody here?", true).get(60, TimeUnit.SECONDS);
            assertThat(ada.next()).isEqualTo("Ada: anybody here?");
            assertThat(bob.next()).isEqualTo("Ada: anybody here?");
            Client greeted = new Client(http, server, "/greeting");
            assertThat(greeted.next()).isEqualTo("Who is there?");
            greeted.socket.sendText("Eve", true).get(60, TimeUnit.SECONDS);
            assertThat(greeted.next()).isEqualTo("Hello, Eve!");
            ada.socket.abort();
            bob.socket.abort();
        }
    }

    @Test
    void showsWhatRuns() throws Exception {
        String code = Files.readString(Path.of("src/test/java/io/solaster/http/readme/ChatExample.java"))
                .replaceAll("(?m)^ +", "");
        String page = Files.readString(Path.of("WEBSOCKET.md"));
        assertThat(Pattern.compile("(?ms)^```java\n(.*?)^```$").matcher(page).results().map(MatchResult::toString))
                .isNotEmpty();
        Pattern.compile("(?ms)^```java\n(.*?)^```$").matcher(page).results()
                .forEach(shown -> assertThat(code).contains(shown.group(1).replaceAll("(?m)^ +", "")));
    }

    private static final class Client implements WebSocket.Listener {
        private final LinkedBlockingQueue<String> got = new LinkedBlockingQueue<>();
        private final WebSocket socket;

        Client(HttpClient http, TcpServer server, String path) throws Exception {
            socket = http.newWebSocketBuilder().buildAsync(URI.create("ws://localhost:" + server.port() + path), this)
                    .get(60, TimeUnit.SECONDS);
        }

        String next() throws InterruptedException {
            return String.valueOf(got.poll(60, TimeUnit.SECONDS));
        }

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
            got.add(data.toString());
            from.request(1);
            return null;
        }
    }
}

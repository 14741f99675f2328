package io.solaster.http.readme;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

import io.solaster.config.server.ServerConfig;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.ServerSentEvent;
import io.solaster.http.route.Router;
import io.solaster.http.server.HttpProtocol;
import io.solaster.testkit.junit.SolasterTest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/** Runs what ROUTER.md shows, line by line, and asks it with the JDK's client. */
@Timeout(value = 120, unit = TimeUnit.SECONDS)
@SolasterTest
class RouterReadmeTest {
    private static final Path SOURCES = Path.of("src/test/java/io/solaster/http/readme");
    private static final Pattern FENCED = Pattern.compile("(?ms)^```java\n(.*?)^```$");

    private final HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(60)).build();
    private final Engine engine;
    private TcpServer server;

    @TempDir
    private Path directory;

    RouterReadmeTest(Engine engine) {
        this.engine = engine;
    }

    @AfterEach
    void stop() {
        server.close();
        client.close();
    }

    private void serve(Router router) {
        ServerConfig config = ServerConfig.of("http", 0);
        server = TcpServer.bind(engine, "web", config, new HttpProtocol(router, config));
    }

    private java.net.http.HttpRequest.Builder to(String path) {
        return java.net.http.HttpRequest.newBuilder(URI.create("http://localhost:" + server.port() + path))
                .timeout(Duration.ofSeconds(60));
    }

    private HttpResponse<String> ask(java.net.http.HttpRequest.Builder request) throws Exception {
        return client.send(request.build(), BodyHandlers.ofString());
    }

    @Test
    void routes() throws Exception {
        serve(RoutesExample.run(new RoutesExample.Orders() {
            @Override
            public String describe(long id) {
                if (id > 7) {
                    throw new NoSuchElementException(Long.toString(id));
                }
                return "order " + id;
            }

            @Override
            public CompletionStage<String> place(String text) {
                return CompletableFuture.supplyAsync(() -> "placed " + text);
            }

            @Override
            public String report() throws InterruptedException {
                Thread.sleep(1);
                return "all is well";
            }
        }));
        HttpResponse<String> refused = ask(to("/api/report"));
        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(refused.headers().firstValue("www-authenticate")).contains("Bearer");
        HttpResponse<String> seven = ask(to("/api/orders/7").header("Authorization", "x"));
        assertThat(seven.body()).isEqualTo("order 7");
        assertThat(seven.headers().firstValue("x-route")).contains("/api/orders/{id}");
        assertThat(ask(to("/api/orders/8").header("Authorization", "x")).body()).isEqualTo("no such order: 8");
        assertThat(ask(to("/api/orders/x").header("Authorization", "x")).statusCode()).isEqualTo(400);
        assertThat(ask(to("/api/orders").header("Authorization", "x").POST(BodyPublishers.ofString("two"))).body())
                .isEqualTo("placed two");
        assertThat(ask(to("/api/report").header("Authorization", "x")).body()).isEqualTo("all is well");
        assertThat(ask(to("/health")).body()).isEqualTo("up");
    }

    @Test
    void bodies() throws Exception {
        serve(BodiesExample.run(JsonMapper.builder().build(), directory));
        assertThat(ask(to("/orders?times=3").header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString("{\"item\":\"tea\",\"count\":2}"))).body())
                .isEqualTo("{\"item\":\"tea\",\"count\":6}");
        assertThat(ask(to("/contact").header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("name=Ada&age=36"))).body()).isEqualTo("Ada is 36");
        String photo = "p".repeat(200_000);
        assertThat(ask(to("/photos").header("Content-Type", "multipart/form-data; boundary=b")
                .POST(BodyPublishers
                        .ofString("--b\r\nContent-Disposition: form-data; name=\"photo\"; filename=\"a.jpg\"\r\n"
                                + "Content-Type: image/jpeg\r\n\r\n" + photo + "\r\n--b--\r\n")))
                .body())
                .isEqualTo("a.jpg: 200000 bytes");
        try (Stream<Path> kept = Files.list(directory)) {
            assertThat(kept).singleElement().satisfies(file -> assertThat(file).hasContent(photo));
        }
    }

    @Test
    void files() throws Exception {
        Files.writeString(directory.resolve("app.js"), "run()");
        serve(FilesExample.run(directory));
        HttpResponse<String> script = ask(to("/assets/app.js"));
        assertThat(script.body()).isEqualTo("run()");
        assertThat(script.headers().firstValue("cache-control")).contains("public, max-age=31536000, immutable");
        assertThat(ask(to("/")).body()).isEqualTo("<h1>from the class path</h1>\n");
    }

    @Test
    void events() throws Exception {
        EventsExample example = new EventsExample(engine);
        serve(example.router());
        HttpResponse<InputStream> stream = client.send(to("/events").build(), BodyHandlers.ofInputStream());
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream.body(), StandardCharsets.UTF_8))) {
            assertThat(lines.readLine()).isEqualTo("event: hello");
            assertThat(lines.readLine()).isEqualTo("data: you are new here");
            engine.submitToAll(shard -> {
                example.tell(new ServerSentEvent("1", null, "to all"));
                return true;
            }).get(60, TimeUnit.SECONDS);
            assertThat(List.of(lines.readLine(), lines.readLine(), lines.readLine())).containsExactly("", "id: 1",
                    "data: to all");
        }
    }

    @Test
    void eachExampleIsOneThatRunsHere() throws IOException {
        serve(Router.builder().build());
        StringBuilder sources = new StringBuilder();
        int classes = 0;
        for (String name : List.of("Routes", "Bodies", "Files", "Events")) {
            sources.append(Files.readString(SOURCES.resolve(name + "Example.java")));
            classes++;
        }
        List<String> examples = FENCED.matcher(Files.readString(Path.of("ROUTER.md"))).results()
                .map(fenced -> fenced.group(1)).toList();
        assertThat(examples).hasSize(classes);
        assertThat(examples.stream().filter(example -> sources.indexOf(indented(example, 8)) < 0
                && sources.indexOf(indented(example, 4)) < 0)).as("examples that are in no class").isEmpty();
    }

    private static String indented(String example, int by) {
        return example.indent(by).replaceAll("(?m)^ +$", "");
    }
}

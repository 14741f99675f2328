package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig;
import io.solaster.config.server.AccessLogConfig;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.http.RawClient.Answer;
import io.solaster.http.body.Multipart;
import io.solaster.http.files.StaticFiles;
import io.solaster.http.route.Router;
import io.solaster.http.server.HttpProtocol;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** What clients are told of a disk that fails or is full, and that all else goes on. */
class FaultyDiskTest {
    private static final int SIZE = 8 << 20;
    private static final List<String> LOUD = List.of("io.solaster.http.exchange.Response",
            "io.solaster.http.body.Spool", "io.solaster.http.log.LogFile");

    private final FaultyFiles files = new FaultyFiles();
    private HttpFixture fixture;
    @TempDir
    private Path directory;

    @BeforeEach
    void start() {
        LOUD.forEach(name -> ((Logger) LoggerFactory.getLogger(name)).setLevel(Level.OFF));
        fixture = new HttpFixture(EngineConfig.defaults().withShards(1), files);
    }

    @AfterEach
    void stop() throws Exception {
        fixture.close();
        LOUD.forEach(name -> ((Logger) LoggerFactory.getLogger(name)).setLevel(null));
    }

    @Test
    void aFileThatCannotBeReadIs500AndLaterEndsTheConnection() throws IOException {
        byte[] content = new byte[SIZE];
        Arrays.fill(content, (byte) 'x');
        Files.write(directory.resolve("large"), content);
        RawClient client = fixture.connect(
                fixture.serve(Router.builder().get("/{*path}", StaticFiles.of(directory)).build()));
        files.badFrom = 0;
        Answer failed = client.get("/large");
        assertThat(failed.status()).isEqualTo(500);
        assertThat(failed.headers()).doesNotContainKeys("etag", "accept-ranges");
        files.badFrom = SIZE / 2;
        // Over the same connection.
        client.send("GET /large HTTP/1.1\r\nHost: test\r\n\r\n");
        String all = client.rest();
        assertThat(all).startsWith("HTTP/1.1 200 OK\r\n");
        assertThat(all.substring(all.indexOf("\r\n\r\n") + 4)).matches("x*").hasSizeLessThanOrEqualTo(SIZE / 2);
        files.badFrom = Long.MAX_VALUE;
        assertThat(fixture.connect(client.socket().getPort()).get("/large").body()).hasSize(SIZE);
    }

    @Test
    void aFormThatThereIsNoRoomForIs507AndLeavesNothing() throws IOException {
        Multipart.Limits limits = Multipart.Limits.DEFAULT;
        Multipart.Limits here = new Multipart.Limits(limits.maxSize(), limits.maxFile(), limits.maxField(), 5,
                ByteSize.valueOf("1KB"), directory);
        RawClient client = fixture.connect(fixture.serve(Router.builder()
                .post("/", HttpHandler.streaming(HttpHandler.async((request, response) -> Multipart
                        .read(request, response, here)
                        .thenAccept(form -> response.send("read " + form.required("f").size())))))
                .build()));
        files.full = true;
        assertThat(upload(client).status()).isEqualTo(507);
        HttpFixture.await("nothing is left", () -> names().isEmpty());
        files.full = false;
        Answer read = upload(fixture.connect(client.socket().getPort()));
        assertThat(read.body()).isEqualTo("read 1500");
        HttpFixture.await("nothing is left", () -> names().isEmpty());
    }

    private List<String> names() {
        try (Stream<Path> all = Files.list(directory)) {
            return all.map(Path::toString).toList();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static Answer upload(RawClient client) {
        // Read at once: an answer before the end of a body ends the connection, and may be lost with that.
        String body = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n" + "y".repeat(1_500)
                + "\r\n--b--\r\n";
        return client
                .send("POST / HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: "
                        + body.length() + "\r\n\r\n" + body)
                .answer();
    }

    @Test
    void anAccessLogThatThereIsNoRoomForGoesOnAndCountsWhatIsLost() throws IOException {
        Path log = directory.resolve("access.log");
        ServerConfig config = ServerConfig.of("http", 0).withHttp(Changed.with(HttpConfig.defaults(), "accessLog",
                Changed.with(AccessLogConfig.defaults(), "enabled", true, "file", log.toString())));
        HttpProtocol protocol = new HttpProtocol((request, response) -> response.send("x"), config);
        RawClient client = fixture.connect(fixture.bind(config, protocol));
        client.get("/first");
        HttpFixture.await("the first is written", () -> text(log).contains("/first"));
        files.full = true;
        client.get("/lost");
        HttpStats stats = protocol.stats().values().iterator().next();
        HttpFixture.await("the second is counted as lost", () -> stats.logDropped.get() == 1);
        files.full = false;
        client.get("/third");
        HttpFixture.await("the third is written", () -> text(log).contains("/third"));
        assertThat(text(log).lines().filter(line -> !line.isEmpty())).hasSize(2)
                .noneMatch(line -> line.contains("lost"));
        assertThat(stats.logged.get()).isEqualTo(3);
    }

    private static String text(Path file) {
        try {
            // It is made by another thread, some time after the first request.
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}

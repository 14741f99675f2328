package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.RawClient.Answer;
import io.solaster.http.files.StaticFiles;
import io.solaster.http.route.Router;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files over any transport; a subclass each. */
abstract class StaticFilesTest extends TransportTest {
    private static final Instant MODIFIED = Instant.parse("2026-11-01T10:20:30.5Z");
    private static final String LAST_MODIFIED = "Sun, 01 Nov 2026 10:20:30 GMT";
    private static final String TEXT = "0123456789";

    private byte[] large;
    private TcpServer server;
    private RawClient client;

    @TempDir
    private Path directory;
    private Path root;

    StaticFilesTest(Transport transport) {
        super(transport);
    }

    @BeforeAll
    void drawLarge() {
        large = new byte[3 << 20];
        new Random(1).nextBytes(large);
    }

    @BeforeEach
    void fill() throws IOException {
        root = Files.createDirectories(directory.resolve("web"));
        write("text.txt", TEXT);
        write("index.html", "<h1>root</h1>");
        write("sub/index.html", "<h1>sub</h1>");
        write("empty/x", "x");
        write("none.bin", "");
        write(".hidden", "secret");
        write(".git/config", "secret");
        write(".well-known/security.txt", "contact");
        write("a b/ü.txt", "umlaut");
        Files.write(root.resolve("large.bin"), large);
        Files.writeString(directory.resolve("outside.txt"), "secret");
        serve(StaticFiles.of(root));
    }

    private void write(String name, String text) throws IOException {
        Path file = root.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setLastModifiedTime(file, FileTime.from(MODIFIED));
    }

    private void serve(StaticFiles files) {
        server = fixture.serve(Router.builder().get("/files/{*path}", files).build());
        client = fixture.connect(server);
    }

    private Answer get(String path, String... headers) {
        return ask("GET", path, headers);
    }

    private Answer ask(String method, String path, String... headers) {
        client.send(request(method, path, headers));
        return method.equals("HEAD") ? client.answerToHead() : client.answer();
    }

    private static String request(String method, String path, String... headers) {
        StringBuilder request = new StringBuilder(method + " /files" + path + " HTTP/1.1\r\nHost: test\r\n");
        for (String header : headers) {
            request.append(header).append("\r\n");
        }
        return request.append("\r\n").toString();
    }

    private static byte[] bytes(String latin1) {
        return latin1.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    @Tag("smoke")
    void sendsSmallFilesAndLargeOnes() {
        for (int i = 0; i < 3; i++) {
            Answer text = get("/text.txt");
            assertThat(text.status()).isEqualTo(200);
            assertThat(text.body()).isEqualTo(TEXT);
            assertThat(text.header("content-type")).isEqualTo("text/plain;charset=utf-8");
            assertThat(text.header("last-modified")).isEqualTo(LAST_MODIFIED);
            assertThat(text.header("etag")).matches("\"[0-9a-f]+-a\"");
            assertThat(text.header("cache-control")).isEqualTo("no-cache");
            assertThat(text.header("accept-ranges")).isEqualTo("bytes");
            assertThat(text.header("x-content-type-options")).isEqualTo("nosniff");
            Answer big = get("/large.bin");
            assertThat(big.header("content-type")).isEqualTo("application/octet-stream");
            assertThat(bytes(big.body())).isEqualTo(large);
        }
        assertThat(get("/none.bin").header("content-length")).isEqualTo("0");
        assertThat(get("/a%20b/%C3%BC.txt").body()).isEqualTo("umlaut");
        Answer head = ask("HEAD", "/text.txt");
        assertThat(head.header("content-length")).isEqualTo("10");
        assertThat(ask("HEAD", "/large.bin").header("content-length")).isEqualTo(Integer.toString(large.length));
        assertThat(ask("HEAD", "/nothing").status()).isEqualTo(404);
        assertThat(get("/text.txt").body()).isEqualTo(TEXT);
    }

    @Test
    @Tag("smoke")
    void sendsLargeFilesInTheirTurnWhenPipelined() {
        StringBuilder requests = new StringBuilder();
        for (int i = 0; i < 4; i++) {
            requests.append(request("GET", "/text.txt")).append(request("GET", "/large.bin"))
                    .append(request("GET", "/large.bin", "Range: bytes=1000-1000999"));
        }
        client.send(requests.toString());
        for (int i = 0; i < 4; i++) {
            assertThat(client.answer().body()).isEqualTo(TEXT);
            assertThat(bytes(client.answer().body())).isEqualTo(large);
            assertThat(bytes(client.answer().body())).isEqualTo(Arrays.copyOfRange(large, 1000, 1_001_000));
        }
    }

    @Test
    void servesDirectoriesByTheirIndex() {
        assertThat(get("/").body()).isEqualTo("<h1>root</h1>");
        assertThat(get("/sub/").body()).isEqualTo("<h1>sub</h1>");
        Answer moved = get("/sub?a=b");
        assertThat(moved.status()).isEqualTo(301);
        assertThat(moved.header("location")).isEqualTo("/files/sub/?a=b");
        assertThat(get("").header("location")).isEqualTo("/files/");
        assertThat(get("/empty/").status()).isEqualTo(404);
        assertThat(get("/text.txt/").status()).isEqualTo(404);
    }

    @Test
    void letsNothingOutThatLiesElsewhereOrIsHidden() throws IOException {
        Files.createSymbolicLink(root.resolve("link.txt"), directory.resolve("outside.txt"));
        Files.createSymbolicLink(root.resolve("linked"), directory);
        Files.createSymbolicLink(root.resolve("inner.txt"), root.resolve("text.txt"));
        for (String path : List.of("/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt",
                "/sub/..%2f..%2foutside.txt",
                "/..%5Coutside.txt", "/%00", "/text.txt%00.html", "/link.txt",
                "/linked/outside.txt",
                "/linked/", "/.hidden", "/.git/config", "/sub/.%2e/text.txt", "//text.txt", "/sub//index.html",
                "//etc/passwd", "/%2Fetc/passwd", "/" + directory + "/outside.txt", "/.well-known/../.hidden",
                "/a".repeat(2_000), "/" + "a".repeat(5_000))) {
            Answer answer = get(path);
            assertThat(answer.status()).as(path).isIn(400, 404);
            assertThat(answer.body()).as(path).doesNotContain("secret");
        }
        assertThat(get("/inner.txt").body()).isEqualTo(TEXT);
        assertThat(get("/.well-known/security.txt").body()).isEqualTo("contact");
        assertThat(ask("POST", "/text.txt").status()).isEqualTo(405);
    }

    @Test
    void answersConditionally() {
        String tag = get("/text.txt").header("etag");
        for (String known : List.of("If-None-Match: " + tag, "If-None-Match: \"x\", W/" + tag, "If-None-Match: *",
                "If-Modified-Since: " + LAST_MODIFIED, "If-Modified-Since: Mon, 02 Nov 2026 10:20:30 GMT")) {
            Answer answer = get("/text.txt", known);
            assertThat(answer.status()).as(known).isEqualTo(304);
            assertThat(answer.header("etag")).isEqualTo(tag);
            assertThat(answer.header("cache-control")).isEqualTo("no-cache");
        }
        for (String unknown : List.of("If-None-Match: \"x\"", "If-Modified-Since: Sun, 01 Nov 2026 10:20:29 GMT",
                "If-Modified-Since: yesterday", "If-Match: " + tag, "If-Unmodified-Since: " + LAST_MODIFIED)) {
            assertThat(get("/text.txt", unknown).status()).as(unknown).isEqualTo(200);
        }
        assertThat(get("/text.txt", "If-None-Match: \"x\"", "If-Modified-Since: " + LAST_MODIFIED).status())
                .isEqualTo(200);
        for (String unmet : List.of("If-Match: \"x\"", "If-Match: W/" + tag,
                "If-Unmodified-Since: Sun, 01 Nov 2026 10:20:29 GMT")) {
            assertThat(get("/text.txt", unmet).status()).as(unmet).isEqualTo(412);
        }
    }

    @Test
    void sendsRanges() {
        Answer part = get("/text.txt", "Range: bytes=2-4");
        assertThat(part.status()).isEqualTo(206);
        assertThat(part.body()).isEqualTo("234");
        assertThat(part.header("content-range")).isEqualTo("bytes 2-4/10");
        assertThat(get("/text.txt", "Range: bytes=-1").body()).isEqualTo("9");
        assertThat(get("/text.txt", "Range: lines=1-2").status()).isEqualTo(200);
        Answer beyond = get("/text.txt", "Range: bytes=10-");
        assertThat(beyond.status()).isEqualTo(416);
        assertThat(beyond.header("content-range")).isEqualTo("bytes */10");
        assertThat(bytes(get("/large.bin", "Range: bytes=100000-").body()))
                .isEqualTo(Arrays.copyOfRange(large, 100_000, large.length));
        assertThat(get("/large.bin", "Range: bytes=3145727-").body()).hasSize(1);
        assertThat(ask("HEAD", "/text.txt", "Range: bytes=2-4").status()).isEqualTo(200);
    }

    @Test
    void sendsSeveralRangesInOneAnswer() {
        for (String path : List.of("/text.txt", "/large.bin")) {
            Answer parts = get(path, "Range: bytes=0-1,4-5,-1");
            assertThat(parts.status()).isEqualTo(206);
            String type = parts.header("content-type");
            assertThat(type).startsWith("multipart/byteranges; boundary=");
            String[] split = parts.body().split("--" + type.substring(type.indexOf('=') + 1), -1);
            assertThat(split).hasSize(5);
            byte[] whole = path.equals("/text.txt") ? bytes(TEXT) : large;
            for (int i = 0; i < 3; i++) {
                int first = i == 2 ? whole.length - 1 : 4 * i;
                int last = i == 2 ? whole.length - 1 : 4 * i + 1;
                assertThat(bytes(split[i + 1])).isEqualTo(bytes("\r\nContent-Type: "
                        + (path.equals("/text.txt") ? "text/plain;charset=utf-8" : "application/octet-stream")
                        + "\r\nContent-Range: bytes " + first + "-" + last + "/" + whole.length + "\r\n\r\n"
                        + new String(whole, first, last - first + 1, StandardCharsets.ISO_8859_1) + "\r\n"));
            }
            assertThat(split[4]).isEqualTo("--\r\n");
        }
        byte[] middle = bytes(get("/large.bin", "Range: bytes=0-999999,2000000-2999999").body());
        assertThat(middle.length).isGreaterThan(2_000_000);
    }

    @Test
    void sendsTheWholeWhereTheRangeIsOfAnotherVersion() {
        String tag = get("/text.txt").header("etag");
        for (String same : List.of(tag, LAST_MODIFIED)) {
            assertThat(get("/text.txt", "Range: bytes=2-4", "If-Range: " + same).status()).as(same).isEqualTo(206);
        }
        for (String other : List.of("\"x\"", "W/" + tag, "Sun, 01 Nov 2026 10:20:31 GMT", "nonsense")) {
            assertThat(get("/text.txt", "Range: bytes=2-4", "If-Range: " + other).body()).as(other).isEqualTo(TEXT);
        }
    }

    @Test
    void prefersACompressedSiblingWhereTheClientTakesIt() throws IOException {
        write("app.js", "plain");
        write("app.js.gz", "gzipped");
        write("app.js.br", "brotli");
        write("old.js", "plain");
        write("old.js.gz", "of another one");
        Files.setLastModifiedTime(root.resolve("old.js.gz"), FileTime.from(MODIFIED.minusSeconds(1)));
        Answer plain = get("/app.js");
        assertThat(plain.body()).isEqualTo("plain");
        assertThat(plain.header("vary")).isEqualToIgnoringCase("accept-encoding");
        Answer gzip = get("/app.js", "Accept-Encoding: gzip");
        assertThat(gzip.body()).isEqualTo("gzipped");
        assertThat(gzip.header("content-encoding")).isEqualTo("gzip");
        assertThat(gzip.header("content-type")).isEqualTo("text/javascript;charset=utf-8");
        assertThat(gzip.header("etag")).isNotEqualTo(plain.header("etag"));
        assertThat(get("/app.js", "Accept-Encoding: gzip, deflate, br").body()).isEqualTo("brotli");
        assertThat(get("/app.js", "Accept-Encoding: br;q=0, gzip;q=0").body()).isEqualTo("plain");
        Answer old = get("/old.js", "Accept-Encoding: gzip");
        assertThat(old.body()).isEqualTo("plain");
        assertThat(old.header("vary")).isNull();
    }

    @Test
    void seesChangesAndForgetsWhatIsGone() throws IOException {
        assertThat(get("/text.txt").body()).isEqualTo(TEXT);
        write("text.txt", "changed");
        HttpFixture.await("the change is seen", () -> get("/text.txt").body().equals("changed"));
        Files.delete(root.resolve("text.txt"));
        HttpFixture.await("it is gone", () -> get("/text.txt").status() == 404);
        assertThat(get("/large.bin", "Range: bytes=0-0").status()).isEqualTo(206);
        Files.write(root.resolve("large.bin"), new byte[1 << 20]);
        HttpFixture.await("the shorter one is sent",
                () -> "1048576".equals(get("/large.bin").header("content-length")));
    }

    @Test
    void keepsNothingWhereItMayNot() {
        serve(StaticFiles.of(root).withCache(ByteSize.valueOf("0B")).withCacheControl("max-age=60")
                .withIndex("text.txt"));
        for (int i = 0; i < 3; i++) {
            assertThat(get("/text.txt").body()).isEqualTo(TEXT);
            assertThat(get("/").body()).isEqualTo(TEXT);
        }
        assertThat(get("/").header("cache-control")).isEqualTo("max-age=60");
    }

    @Test
    void servesTheClassPath() {
        serve(StaticFiles.ofClassPath(getClass().getClassLoader(), "static-files"));
        Answer page = get("/");
        assertThat(page.body()).isEqualTo("<h1>from the class path</h1>\n");
        assertThat(page.header("content-type")).isEqualTo("text/html;charset=utf-8");
        assertThat(get("/index.html", "If-None-Match: " + page.header("etag")).status()).isEqualTo(304);
        assertThat(get("/index.html", "Range: bytes=0-3").body()).isEqualTo("<h1>");
        assertThat(get("/sub").status()).isEqualTo(301);
        assertThat(get("/sub/").body()).isEqualTo("<h1>sub</h1>\n");
        assertThat(get("/nothing").status()).isEqualTo(404);
        assertThat(get("/../io/solaster/http/Router.class").status()).isEqualTo(400);
        serve(StaticFiles.ofClassPath(getClass().getClassLoader(), ""));
        assertThat(get("/io/solaster/http/Router.class").status()).isEqualTo(404);
        assertThat(get("/META-INF/maven/org.slf4j/slf4j-api/pom.xml").body()).contains("<project");
        assertThat(get("/org").status()).isEqualTo(404);
    }

    @Test
    void refusesARootThatIsNoDirectory() {
        assertThatIllegalArgumentException().isThrownBy(() -> StaticFiles.of(root.resolve("text.txt")))
                .withMessageEndingWith("text.txt is not a directory");
        assertThatIllegalArgumentException().isThrownBy(() -> StaticFiles.of(root.resolve("nothing")))
                .withMessageContaining("nothing cannot be read");
    }

    @Test
    void doesNotMindAClientThatLeavesInTheMiddle() {
        for (int i = 0; i < 20; i++) {
            RawClient leaves = fixture.connect(server).send(request("GET", "/large.bin")
                    + request("GET", "/large.bin", "Range: bytes=0-999999,2000000-2999999"));
            leaves.read(100);
            leaves.close();
        }
        assertThat(bytes(get("/large.bin").body())).isEqualTo(large);
        assumeTrue(Files.exists(Path.of("/proc/self/fd")), "open files are looked at where /proc tells them");
        HttpFixture.await("all files are closed", () -> openFiles() == 0);
    }

    /** More than sockets hold where the reader's is small, however large they may become. */
    private byte[] writeHuge(String name, char filling) throws IOException {
        byte[] huge = new byte[32 << 20];
        Arrays.fill(huge, (byte) filling);
        Files.write(root.resolve(name), huge);
        return huge;
    }

    private RawClient askForHuge() {
        RawClient reader = fixture.open(new RawClient(server.port(), 256 << 10)).send(request("GET", "/huge.bin"));
        assertThat(reader.line()).isEqualTo("HTTP/1.1 200 OK");
        for (String line = reader.line(); !line.isEmpty(); line = reader.line()) {
            // The head.
        }
        return reader;
    }

    @Test
    void closesWhereAFileBecomesShorterUnderItsReader() throws IOException {
        writeHuge("huge.bin", 'a');
        RawClient reader = askForHuge();
        try (FileChannel file = FileChannel.open(root.resolve("huge.bin"), StandardOpenOption.WRITE)) {
            file.truncate(100_000);
        }
        byte[] received = bytes(reader.rest());
        assertThat(received.length).isLessThan(32 << 20);
        // A page that is cut may be on its way already: then the kernel sends zeros in its place.
        assertThat(countOf(received, (byte) 'a') + countOf(received, (byte) 0)).isEqualTo(received.length);
        assertThat(get("/text.txt").body()).isEqualTo(TEXT);
    }

    private static long countOf(byte[] bytes, byte wanted) {
        long count = 0;
        for (byte each : bytes) {
            count += each == wanted ? 1 : 0;
        }
        return count;
    }

    @Test
    void sendsAFileToItsEndThatAnotherTakesThePlaceOf() throws IOException {
        byte[] before = writeHuge("huge.bin", 'a');
        writeHuge("other.bin", 'b');
        RawClient reader = askForHuge();
        Files.move(root.resolve("other.bin"), root.resolve("huge.bin"), StandardCopyOption.REPLACE_EXISTING);
        assertThat(reader.read(before.length)).isEqualTo(before);
        HttpFixture.await("the new one is sent", () -> get("/huge.bin", "Range: bytes=7-7").body().equals("b"));
    }

    private long openFiles() {
        try (Stream<Path> open = Files.list(Path.of("/proc/self/fd"))) {
            return open.filter(each -> {
                try {
                    return Files.readSymbolicLink(each).startsWith(root.toRealPath());
                } catch (IOException e) {
                    return false;
                }
            }).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

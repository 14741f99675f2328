package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.Stream;

import io.netty.buffer.ByteBufUtil;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.RawClient.Answer;
import io.solaster.http.body.Multipart;
import io.solaster.http.body.Part;
import io.solaster.http.route.Router;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MultipartTest {
    private static final String BOUNDARY = "----boundary7";

    private HttpFixture fixture;
    private TcpServer server;
    private RawClient client;

    @TempDir
    private Path directory;
    @TempDir
    private Path kept;

    @BeforeAll
    void start() {
        fixture = new HttpFixture(Transport.AUTO, 2);
    }

    @BeforeEach
    void serve() {
        Multipart.Limits limits = new Multipart.Limits(ByteSize.valueOf("8MB"), ByteSize.valueOf("4MB"),
                ByteSize.valueOf("1KB"), 5, ByteSize.valueOf("10KB"), directory);
        server = fixture.serve(Router.builder()
                .post("/upload", HttpHandler.streaming(HttpHandler.async((request, response) -> Multipart
                        .read(request, response, limits)
                        .thenAccept(form -> {
                            StringBuilder told = new StringBuilder();
                            for (String name : form.form().names()) {
                                told.append(name).append('=').append(form.form().all(name)).append('\n');
                            }
                            for (Part file : form.files()) {
                                told.append(file).append(file.file() == null ? " memory " : " disk ")
                                        .append(Arrays.hashCode(contents(file))).append('\n');
                            }
                            response.send(told);
                        }))))
                .post("/keep", HttpHandler.streaming(HttpHandler.blocking((request, response) -> {
                    Multipart form = Multipart.read(request, response, limits).join();
                    for (Part file : form.files()) {
                        file.moveTo(kept.resolve(file.filename())).join();
                    }
                    response.send("kept " + form.required("file").filename());
                })))
                .post("/gathered", HttpHandler.async((request, response) -> Multipart.read(request, response, limits)))
                .build());
        client = fixture.connect(server);
    }

    private static byte[] contents(Part file) {
        try {
            return file.file() != null ? Files.readAllBytes(file.file()) : ByteBufUtil.getBytes(file.content());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterEach
    void closeAll() throws Exception {
        HttpFixture.await("no file is left", () -> left() + open() == 0);
        fixture.closeAll();
    }

    private long left() {
        try (Stream<Path> files = Files.list(directory)) {
            return files.count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @AfterAll
    void stop() throws Exception {
        fixture.close();
    }

    /** A body, put together part by part. */
    private static final class Body {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Body field(String name, String value) {
            return part("name=\"" + name + "\"", "", value.getBytes(StandardCharsets.UTF_8));
        }

        Body file(String name, String filename, String type, byte[] content) {
            return part("name=\"" + name + "\"; filename=\"" + filename + "\"", "Content-Type: " + type + "\r\n",
                    content);
        }

        private Body part(String disposition, String headers, byte[] content) {
            write("--" + BOUNDARY + "\r\nContent-Disposition: form-data; " + disposition + "\r\n" + headers + "\r\n");
            bytes.writeBytes(content);
            write("\r\n");
            return this;
        }

        Body write(String text) {
            bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            return this;
        }

        byte[] end() {
            return write("--" + BOUNDARY + "--\r\n").bytes.toByteArray();
        }
    }

    private static String head(String target, String framing) {
        return "POST " + target + " HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; boundary=" + BOUNDARY
                + "\r\n" + framing + "\r\n\r\n";
    }

    private Answer upload(String target, byte[] body) {
        return client.send(head(target, "Content-Length: " + body.length)).send(body).answer();
    }

    private static byte[] random(int seed, int size) {
        byte[] bytes = new byte[size];
        new Random(seed).nextBytes(bytes);
        return bytes;
    }

    @Test
    void keepsSmallFilesInMemoryAndPutsLargeOnesOnDiskUntilTheExchangeEnds() {
        byte[] small = random(1, 10 << 10);
        byte[] large = random(2, 3 << 20);
        byte[] body = new Body().field("title", "a title, äöü").field("tag", "x").field("tag", "y")
                .file("small", "../../etc/small.png", "image/png", small)
                .file("large", "/docs/large.bin", "application/x-thing", large).end();
        String expected = "title=[a title, äöü]\ntag=[x, y]\n"
                + "small: small.png (image/png, 10240 bytes) memory " + Arrays.hashCode(small) + "\n"
                + "large: large.bin (application/x-thing, 3145728 bytes) disk " + Arrays.hashCode(large) + "\n";
        for (int i = 0; i < 3; i++) {
            Answer answer = upload("/upload", body);
            assertThat(utf8(answer)).isEqualTo(expected);
            HttpFixture.await("no file is left", () -> left() == 0);
        }
    }

    private static String utf8(Answer answer) {
        return new String(answer.body().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
    }

    @Test
    void findsTheSameHoweverTheBodyIsCut() {
        Random random = new Random(3);
        byte[] tricky = ("\r\n--" + BOUNDARY.substring(0, 5) + "\r\n--\r\n\r\n-" + "x\r".repeat(7_000))
                .getBytes(StandardCharsets.US_ASCII);
        byte[] body = new Body().field("a", "1").file("f", "f", "text/plain", tricky).field("empty", "")
                .file("none", "none", "text/plain", new byte[0]).end();
        String expected = "a=[1]\nempty=[]\nf: f (text/plain, " + tricky.length + " bytes) disk "
                + Arrays.hashCode(tricky) + "\nnone: none (text/plain, 0 bytes) memory "
                + Arrays.hashCode(new byte[0]) + "\n";
        for (int round = 0; round < 30; round++) {
            client.send(head("/upload", "Transfer-Encoding: chunked"));
            for (int from = 0; from < body.length;) {
                int size = Math.min(body.length - from, 1 + random.nextInt(round < 10 ? 10 : 3_000));
                ByteArrayOutputStream chunk = new ByteArrayOutputStream();
                chunk.writeBytes((Integer.toHexString(size) + "\r\n").getBytes(StandardCharsets.US_ASCII));
                chunk.write(body, from, size);
                chunk.writeBytes("\r\n".getBytes(StandardCharsets.US_ASCII));
                client.send(chunk.toByteArray());
                from += size;
            }
            assertThat(utf8(client.send("0\r\n\r\n").answer())).isEqualTo(expected);
        }
    }

    @Test
    void movesFilesToWhereTheyStay() throws IOException {
        byte[] large = random(4, 1 << 20);
        Answer answer = upload("/keep", new Body().file("file", "large", "a/b", large)
                .file("other", "small", "a/b", random(5, 10)).end());
        assertThat(answer.body()).isEqualTo("kept large");
        assertThat(Files.readAllBytes(kept.resolve("large"))).isEqualTo(large);
        assertThat(Files.readAllBytes(kept.resolve("small"))).isEqualTo(random(5, 10));
        assertThat(upload("/keep", new Body().field("a", "b").end()).body()).startsWith("file 'file' is missing");
    }

    @Test
    void refusesWhatGoesBeyondALimit() {
        Body many = new Body();
        for (int i = 0; i < 6; i++) {
            many.field("f" + i, "");
        }
        refused(413, "a form of more than 5 parts", many.end());
        refused(413, "a field of more than 1024 bytes", new Body().field("a", "x".repeat(1_025)).end());
        refused(413, "file 'big' of more than 4194304 bytes",
                new Body().file("big", "big", "a/b", new byte[(4 << 20) + 1]).end());
        refused(413, "a form of more than 8388608 bytes", new Body().file("a", "a", "a/b", new byte[4 << 20])
                .file("b", "b", "a/b", new byte[4 << 20]).end());
        refused(413, "the head of a part", new Body()
                .write("--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"" + "n".repeat(100_000)).end());
    }

    @Test
    void refusesWhatIsMalformed() {
        refused(400, "a multipart/form-data body that ends too early",
                new Body().write("--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b\"\r\n"
                        + "Content-Type: a/b\r\n\r\nnever ends").bytes.toByteArray());
        refused(400, "a malformed multipart/form-data body",
                new Body().write("--" + BOUNDARY + "\r\n\r\nno name\r\n").end());
        refused(400, "a malformed multipart/form-data body", new Body().write("--" + BOUNDARY
                + "\r\nContent-Disposition: form-data; name=\"a\"; filename=\"a\"\r\nContent-Type: a/b; charset=none\r\n\r\nx\r\n")
                .end());
        client = fixture.connect(server);
        client.send(
                "POST /upload HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data\r\nContent-Length: 3\r\n\r\nabc");
        assertThat(client.answer().status()).isEqualTo(400);
        client = fixture.connect(server);
        client.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nabc");
        assertThat(client.answer().status()).isEqualTo(415);
        assertThat(upload("/gathered", new Body().field("a", "b").end()).status()).isEqualTo(500);
    }

    @Test
    void refusesWhatIsNotWhole() {
        String early = "a multipart/form-data body that ends too early";
        String part = "--" + BOUNDARY + "\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1";
        refused(400, early, new byte[0]);
        refused(400, early, part.getBytes(StandardCharsets.US_ASCII));
        refused(400, early, (part + "\r\n").getBytes(StandardCharsets.US_ASCII));
        refused(400, early, (part + "\r\n--" + BOUNDARY).getBytes(StandardCharsets.US_ASCII));
        refused(400, early, (part + "\r\n--" + BOUNDARY + "\r\n").getBytes(StandardCharsets.US_ASCII));
        refused(400, "a malformed", (part + "\r\n--" + BOUNDARY + "x\r\n").getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void losesNothingToPaddingNorToCharsets() {
        String pad = "--" + BOUNDARY + " \t \r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n";
        String last = "--" + BOUNDARY + "--";
        assertThat(upload("/upload", (pad + pad + last).getBytes(StandardCharsets.US_ASCII)).body())
                .isEqualTo("a=[1, 1]\n");
        assertThat(upload("/upload", ("text before\r\n" + pad + last + "\r\ntext behind")
                .getBytes(StandardCharsets.US_ASCII)).body()).isEqualTo("a=[1]\n");
        Body wide = new Body().part("name=\"w\"", "Content-Type: text/plain; charset=utf-16\r\n",
                "wide \u00e4".getBytes(StandardCharsets.UTF_16));
        assertThat(utf8(upload("/upload", wide.field("b", "2").end()))).isEqualTo("w=[wide \u00e4]\nb=[2]\n");
        refused(400, "a malformed multipart/form-data body: the field 'w' is not in",
                new Body().part("name=\"w\"", "", new byte[]{(byte) 0xFF}).end());
    }

    @Test
    void refusesABoundaryThatIsNone() {
        for (String boundary : java.util.List.of("", "\"\"", "x".repeat(71), "\"a", "a; boundary=b")) {
            client = fixture.connect(server);
            client.send("POST /upload HTTP/1.1\r\nHost: test\r\nContent-Type: multipart/form-data; boundary=" + boundary
                    + "\r\nContent-Length: 8\r\n\r\n--\r\n----");
            assertThat(client.answer().status()).as(boundary).isEqualTo(400);
        }
    }

    @Test
    void namesOfFilesLeadNowhere() {
        for (String name : java.util.List.of("..", "a/..", ".", "C:\\..", ".\0.")) {
            refused(400, "a malformed", new Body().file("f", name, "a/b", new byte[1]).end());
        }
        assertThat(
                upload("/upload", new Body().part("name=\"f\"; filename*=UTF-8''%c3%a4%2f..%2f%c3%bc", "", new byte[1])
                        .end()).status())
                .isEqualTo(200);
        assertThat(upload("/upload", new Body().file("f", "", "a/b", new byte[0]).end()).body())
                .startsWith("f:  (a/b, 0 bytes)");
    }

    @Test
    void aFileInTinyPiecesTakesNoMoreMemoryThanItsBytes() {
        Object[] seen = new Object[2];
        RawClient tiny = fixture.connect(fixture.serve(HttpHandler.async((request, response) -> Multipart
                .read(request, response).thenAccept(form -> {
                    seen[0] = form.required("f").content().nioBufferCount();
                    seen[1] = form.required("f").content().capacity();
                    response.send("read");
                }))));
        byte[] body = new Body().file("f", "f", "a/b", random(10, 20_000)).end();
        StringBuilder chunks = new StringBuilder(head("/", "Transfer-Encoding: chunked"));
        for (byte each : body) {
            chunks.append("1\r\n").append((char) (each & 0xFF)).append("\r\n");
        }
        assertThat(tiny.send(chunks + "0\r\n\r\n").answer().body()).isEqualTo("read");
        assertThat(seen[0]).isEqualTo(1);
        assertThat((int) seen[1]).isLessThan(70_000);
    }

    private void refused(int status, String message, byte[] body) {
        client = fixture.connect(server);
        Answer answer = upload("/upload", body);
        assertThat(answer.body()).startsWith(message);
        assertThat(answer.status()).isEqualTo(status);
    }

    /** Of whatever is made of a form something comes back, and nothing stays. */
    @Test
    void answersAFormThatWasDamagedOnTheWay() {
        Random random = new Random(8);
        byte[] whole = new Body().field("a", "1").file("f", "f", "text/plain; charset=utf-8", random(9, 12_000))
                .field("b", "2").end();
        for (int round = 0; round < 300; round++) {
            byte[] body = Arrays.copyOf(whole, round % 3 == 0 ? random.nextInt(whole.length) : whole.length);
            for (int i = random.nextInt(8); i > 0 && body.length > 0; i--) {
                // The heads of the parts lie at both ends.
                int at = random.nextInt(Math.min(250, body.length));
                at = random.nextBoolean() ? at : body.length - 1 - at;
                body[at] = (byte) "\r\n-:;=\"\0\u00ff%a".charAt(random.nextInt(11));
            }
            client = fixture.connect(server);
            assertThat(upload("/upload", body).status()).as("round " + round).isIn(200, 400, 413);
            client.close();
        }
    }

    @Test
    void leavesNothingBehindWhenTheClientLeaves() {
        byte[] body = new Body().file("f", "f", "a/b", random(6, 2 << 20)).end();
        for (int i = 0; i < 10; i++) {
            RawClient leaves = fixture.connect(server);
            leaves.send(head("/upload", "Content-Length: " + body.length)).send(Arrays.copyOf(body, 1 << 20));
            HttpFixture.await("something is written", () -> left() + open() > 0);
            leaves.close();
            HttpFixture.await("no file is left", () -> left() + open() == 0);
        }
    }

    /** Files that are open beneath the directory, with and without a name. */
    private long open() {
        Path descriptors = Path.of("/proc/self/fd");
        if (!Files.exists(descriptors)) {
            return 0;
        }
        try (Stream<Path> all = Files.list(descriptors)) {
            Path real = directory.toRealPath();
            return all.filter(each -> {
                try {
                    return Files.readSymbolicLink(each).startsWith(real);
                } catch (IOException closedMeanwhile) {
                    return false;
                }
            }).count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

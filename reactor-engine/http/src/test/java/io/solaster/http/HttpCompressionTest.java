package io.solaster.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import java.util.zip.GZIPInputStream;

import com.aayushatharva.brotli4j.Brotli4jLoader;
import com.aayushatharva.brotli4j.decoder.BrotliInputStream;
import com.github.luben.zstd.ZstdInputStream;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.compression.BrotliDecoder;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.util.CharsetUtil;
import io.solaster.config.Changed;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.config.server.CompressionConfig;
import io.solaster.config.server.HttpConfig;
import io.solaster.config.server.ServerConfig;
import io.solaster.config.value.ByteSize;
import io.solaster.engine.net.TcpServer;
import io.solaster.http.RawClient.Answer;
import io.solaster.http.encoding.Compression;
import io.solaster.http.encoding.ContentEncoding;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HttpCompressionTest {
    private static final ServerConfig CONFIG = ServerConfig.of("http", 0).withHttp(HttpConfig.defaults()
            .withCompression(Changed.with(CompressionConfig.defaults(), "enabled", true, "minSize", new ByteSize(100),
                    "mimeTypes", "text/*, application/json")));
    private static final String TEXT = "all work and no play makes jack a dull boy ".repeat(20);
    private static HttpFixture fixture;

    @BeforeAll
    static void start() {
        fixture = new HttpFixture(Transport.AUTO, 1);
    }

    @AfterEach
    void closeAll() throws Exception {
        fixture.closeAll();
    }

    @AfterAll
    static void stop() throws Exception {
        fixture.close();
    }

    private static RawClient client(HttpHandler handler) {
        return fixture.connect(fixture.serve(CONFIG, handler));
    }

    private static Answer get(RawClient client, String accept) {
        return client.send("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: " + accept + "\r\n\r\n").answer();
    }

    private static String unpacked(Answer answer) {
        return unpacked(answer, "gzip");
    }

    private static String unpacked(Answer answer, String encoding) {
        assertThat(answer.header("content-encoding")).isEqualTo(encoding);
        try (InputStream in = unpacking(encoding,
                new ByteArrayInputStream(answer.body().getBytes(StandardCharsets.ISO_8859_1)))) {
            return new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream unpacking(String encoding, InputStream packed) throws IOException {
        return switch (encoding) {
            case "zstd" -> new ZstdInputStream(packed);
            case "br" -> {
                Brotli4jLoader.ensureAvailability();
                yield new BrotliInputStream(packed);
            }
            default -> new GZIPInputStream(packed);
        };
    }

    @Test
    void compressesForThoseWhoAccept() {
        RawClient client = client((request, response) -> response.header("ETag", "\"1\"").send(TEXT));
        for (int i = 0; i < 3; i++) {
            Answer packed = get(client, "deflate, gzip;q=0.5");
            assertThat(unpacked(packed)).isEqualTo(TEXT);
            assertThat(packed.headers()).containsEntry("vary", "accept-encoding").containsEntry("etag", "W/\"1\"");
            assertThat(packed.body().length()).isLessThan(200);
            Answer plain = client.get("/");
            assertThat(plain.body()).isEqualTo(TEXT);
            assertThat(plain.headers()).containsEntry("vary", "accept-encoding").containsEntry("etag", "\"1\"")
                    .doesNotContainKey("content-encoding");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            gzip                            | gzip
            GZIP                            | gzip
            x-gzip                          | gzip
            *                               | zstd
            deflate, *;q=0.1                | zstd
            gzip, deflate, br, zstd         | zstd
            gzip, deflate, br               | br
            gzip, deflate                   | gzip
            br;q=0.9, gzip                  | gzip
            zstd;q=0.1,br;q=0.22,gzip;q=0.2 | br
            zstd;q=0, *                     | br
            gzip;q=1.000 , br ; q=0.999     | gzip
            identity, gzip;q=0.5            | -
            identity;q=0.5, gzip            | gzip
            gzip;q=0                        | -
            gzip; q=0.000                   | -
            gzip;q=0, br;Q=0,zstd;q=0.0, *  | -
            *;q=0                           | -
            identity                        | -
            deflate                         | -
            gzipped                         | -
            gzip;level=9;q=0                | -
            gzip;q=, br;q=x, ;              | br
            ,,                              | -
            ''                              | -
            """)
    void goesByWhatTheClientLikesBestAndThenByItself(String accept, String chosen) {
        ContentEncoding encoding = new Compression(CompressionConfig.defaults(),
                ContentEncoding.of("zstd,br,gzip")).choose(accept);
        assertThat(encoding == null ? "-" : encoding.token()).isEqualTo(chosen);
    }

    @Test
    void offersWhatItIsConfiguredToInThatOrder() {
        assertThat(ContentEncoding.of(" gzip, br,gzip ,nonsense")).containsExactly(ContentEncoding.GZIP,
                ContentEncoding.BROTLI);
        Compression favours = new Compression(CompressionConfig.defaults(), ContentEncoding.of("gzip,br"));
        assertThat(favours.choose("br, gzip")).isEqualTo(ContentEncoding.GZIP);
        assertThat(favours.choose("zstd, br")).isEqualTo(ContentEncoding.BROTLI);
        assertThat(favours.choose("zstd")).isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "br", "gzip"})
    void compressesWholeBodiesAndStreamsByEachEncodingAgainAndAgain(String encoding) throws Exception {
        Random random = new Random(7);
        RawClient client = client((request, response) -> {
            int length = Integer.parseInt(request.header("x-length"));
            byte[] body = new byte[length];
            random.setSeed(length);
            for (int i = 0; i < length; i++) {
                body[i] = (byte) ('a' + random.nextInt(6));
            }
            response.header("Content-Type", "text/plain");
            if (request.rawPath().equals("/stream")) {
                ResponseStream stream = response.stream();
                for (int at = 0; at < length; at += 3000) {
                    stream.write(Unpooled.copiedBuffer(body, at, Math.min(3000, length - at)));
                }
                stream.end();
            } else {
                response.send(body);
            }
        });
        for (int time = 0; time < 3; time++) {
            for (int length : new int[]{100, 8192, 32768, 32769, 300_000}) {
                for (String path : new String[]{"/whole", "/stream"}) {
                    String request = "GET " + path + " HTTP/1.1\r\nHost: h\r\nX-Length: " + length
                            + "\r\nAccept-Encoding: ";
                    String plain = client.send(request + "identity\r\n\r\n").answer().body();
                    Answer packed = client.send(request + encoding + "\r\n\r\n").answer();
                    assertThat(plain).hasSize(length);
                    assertThat(unpacked(packed, encoding)).as("%s of %d", path, length)
                            .isEqualTo(plain);
                    assertThat(packed.body().length()).isLessThan(length);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"zstd", "br", "gzip"})
    void whatAStreamHasWrittenCanBeReadBeforeItEnds(String encoding) throws Exception {
        AtomicReference<ResponseStream> stream = new AtomicReference<>();
        RawClient client = client((request, response) -> {
            ResponseStream begun = response.header("Content-Type", "text/plain").stream();
            begun.write(Unpooled.copiedBuffer(TEXT, CharsetUtil.US_ASCII));
            stream.set(begun);
        });
        client.send("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: " + encoding + "\r\n\r\n");
        for (String line = client.line(); !line.isEmpty();) {
            line = client.line();
        }
        byte[] chunk = client.read(Integer.parseInt(client.line(), 16));
        client.line();
        assertThat(begun(encoding, chunk)).isEqualTo(TEXT);
        stream.get().end();
        assertThat(client.line()).isNotEqualTo("0");
    }

    /** What there is to read in the beginning of a body. */
    private static String begun(String encoding, byte[] packed) throws IOException {
        if (encoding.equals("br")) {
            EmbeddedChannel decoder = new EmbeddedChannel(new BrotliDecoder());
            decoder.writeInbound(Unpooled.wrappedBuffer(packed));
            StringBuilder text = new StringBuilder();
            for (ByteBuf part = decoder.readInbound(); part != null; part = decoder.readInbound()) {
                text.append(part.toString(StandardCharsets.US_ASCII));
                part.release();
            }
            return text.toString();
        }
        InputStream in = unpacking(encoding, new ByteArrayInputStream(packed));
        return new String(in.readNBytes(TEXT.length()), StandardCharsets.US_ASCII);
    }

    @Test
    void whatIsNotOnTheClassPathIsLeftOut() throws Exception {
        URL[] classes = {Compression.class.getProtectionDomain().getCodeSource().getLocation()};
        ClassLoader without = new URLClassLoader(classes, HttpCompressionTest.class.getClassLoader()) {
            @Override
            protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
                if (name.startsWith("com.github.luben") || name.startsWith("com.aayushatharva")) {
                    throw new ClassNotFoundException(name);
                }
                if (name.startsWith("io.solaster.http.")) {
                    Class<?> known = findLoadedClass(name);
                    return known == null ? findClass(name) : known;
                }
                return super.loadClass(name, resolve);
            }
        };
        Method load = Class.forName("io.solaster.http.encoding.ContentEncoding", true, without).getDeclaredMethod(
                "load",
                String.class);
        load.setAccessible(true);
        assertThat(load.invoke(null, "zstd,br,gzip")).hasToString("[GZIP]");
    }

    @Test
    void leavesAloneWhatIsNotWorthItOrMustNotBeTouched() {
        String noise = new Random(3).ints(400, 33, 126).collect(StringBuilder::new, (all, c) -> all.append((char) c),
                StringBuilder::append).toString();
        RawClient client = client((request, response) -> {
            switch (request.header("x-case")) {
                case "short" -> response.send("short");
                case "type" -> response.header("Content-Type", "image/png").send(TEXT);
                case "none" -> response.send(TEXT.getBytes(StandardCharsets.US_ASCII));
                case "encoded" -> response.header("Content-Type", "text/x").header("Content-Encoding", "br").send(TEXT);
                case "transform" -> response.header("Cache-Control", "max-age=1, no-transform").send(TEXT);
                case "part" -> response.status(HttpResponseStatus.PARTIAL_CONTENT).send(TEXT);
                case "length" -> {
                    ResponseStream stream = response.header("Content-Type", "text/plain")
                            .header("Content-Length", "" + TEXT.length()).stream();
                    stream.write(Unpooled.copiedBuffer(TEXT, CharsetUtil.US_ASCII));
                    stream.end();
                }
                default -> response.send(noise);
            }
        });
        for (String name : new String[]{"short", "type", "none", "encoded", "transform", "part", "length"}) {
            Answer answer = client.send("GET / HTTP/1.1\r\nHost: h\r\nAccept-Encoding: gzip\r\nX-Case: " + name
                    + "\r\n\r\n").answer();
            assertThat(answer.body()).as(name).isEqualTo(name.equals("short") ? "short" : TEXT);
            assertThat(answer.header("content-encoding")).as(name).isEqualTo(name.equals("encoded") ? "br" : null);
        }
        assertThat(client.send("GET / HTTP/1.0\r\nAccept-Encoding: gzip\r\nX-Case: noise\r\n\r\n").answer().body())
                .isEqualTo(noise);
    }

    @Test
    void compressesWholeBodiesOfEveryLength() {
        Random random = new Random(9);
        RawClient client = client((request, response) -> {
            StringBuilder body = new StringBuilder();
            random.setSeed(request.target().length());
            random.ints(Long.parseLong(request.header("x-length")), 'a', 'g').forEach(c -> body.append((char) c));
            response.send(body);
        });
        for (int length : new int[]{100, 8191, 8192, 8193, 32768, 32769, 65536, 1_000_000}) {
            String request = " / HTTP/1.1\r\nHost: h\r\nX-Length: " + length + "\r\nAccept-Encoding: ";
            Answer packed = client.send("GET" + request + "gzip\r\n\r\n").answer();
            String plain = client.send("GET" + request + "identity\r\n\r\n").answer().body();
            assertThat(plain).hasSize(length);
            assertThat(unpacked(packed)).isEqualTo(plain);
            Answer head = client.send("HEAD" + request + "gzip\r\n\r\n").answerToHead();
            assertThat(head.headers()).containsEntry("content-encoding", "gzip");
        }
    }

    @Test
    void compressesStreamsSoThatEachPartCanBeRead() throws Exception {
        RawClient client = client((request, response) -> {
            ResponseStream stream = response.header("Content-Type", "text/plain").stream();
            Runnable[] next = new Runnable[1];
            int[] parts = new int[1];
            next[0] = () -> {
                stream.write(Unpooled.copiedBuffer("part " + parts[0] + "\n", CharsetUtil.US_ASCII));
                if (++parts[0] < 50) {
                    request.shard().execute(next[0]);
                } else {
                    stream.end();
                }
            };
            next[0].run();
        });
        for (int i = 0; i < 3; i++) {
            Answer answer = get(client, "gzip");
            assertThat(unpacked(answer)).startsWith("part 0\npart 1\n").endsWith("part 49\n");
            assertThat(answer.headers()).containsEntry("transfer-encoding", "chunked");
            assertThat(client.get("/").body()).endsWith("part 49\n");
        }
    }

    @Test
    void isSwitchedOnWhileTheServerRuns() {
        ServerConfig off = ServerConfig.of("http", 0);
        TcpServer server = fixture.serve(off, (request, response) -> response.send(TEXT));
        RawClient client = fixture.connect(server);
        assertThat(get(client, "gzip").body()).isEqualTo(TEXT);
        server.reconfigure(CONFIG).join();
        assertThat(unpacked(get(client, "gzip"))).isEqualTo(TEXT);
    }
}

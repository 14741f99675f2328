package io.solaster.resp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.testkit.gen.Property;
import io.solaster.testkit.peer.RedisServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Compares what we make of bytes with what a redis-server on this machine makes of them. */
class RedisDifferentialTest {
    private static RedisServer redis;

    @BeforeAll
    static void start() throws Exception {
        redis = RedisServer.start();
    }

    @AfterAll
    static void stop() {
        if (redis != null) {
            redis.close();
        }
    }

    @Test
    void answersMalformedRequestsInTheSameWords() throws Exception {
        for (String[] each : CommandDecoderTest.wrong()) {
            // Only the limit on arguments is our own.
            if (!each[0].equals("*2000000\r\n")) {
                same(Requests.bytes("*2\r\n$4\r\nECHO\r\n$1\r\na\r\n" + each[0]));
                same(Requests.bytes(each[0]));
            }
        }
    }

    @Test
    void forgivesTheSame() throws Exception {
        for (String each : new String[]{"*2\r.$4\r.ECHO..$1\r.a..", "*0\r\necho a\n", "*-1\r\n\r\n\necho a\r\n",
                "*-9223372036854775808\r\necho a\r\n", "*2\0\r\n", "*2\r\n$4\0\r\n", "echo a\0\r\n", "*2147483648\r\n",
                "*1\r", "*1\r\n$", "echo \"a\"\13b\r\n", "echo \13a\13b\r\n", "echo a\rb\r\r\n",
                "echo \"\\x4\\xfg\\xFf\"\n",
                "echo 'a\\'\\n\\\"'\n", "echo \"a", "echo \377\200\240\205\n", "\"echo\" ''\n", "echo a\"b\n", "echo\n",
                "POST / HTTP/1.1\r\nHost: a\r\n\r\n", "echo POST\r\nhOsT: a\r\n", "x".repeat(65536)}) {
            same(Requests.bytes(each));
        }
    }

    @Test
    void agreesOnMutatedRequests() {
        String alphabet = "*$\r\n\0-0123456789 \"'\\x";
        Property.check(23, 1500, draw -> {
            String text = String.join("", draw.list(1, 3, each -> switch (each.nextInt(4)) {
                case 0 -> "echo \"" + "a\\x41\\n\\\"'".substring(0, each.of(1, 5, 7, 9, 10)) + "\"\r\n";
                case 1 -> "echo 'a\\'b' c\n";
                default -> Requests.multibulk("ECHO", each.of("", "a", "b\r\nc", "'", "x".repeat(12)));
            }));
            byte[] bytes = Requests.bytes(text);
            draw.repeat(draw.nextInt(4), _ -> bytes[draw.nextInt(bytes.length)] = (byte) (draw.oneIn(5)
                    ? draw.nextInt(256)
                    : alphabet.charAt(draw.nextInt(alphabet.length()))));
            same(bytes);
        });
    }

    @Test
    void writesFractionsInTheSameDigits() throws Exception {
        Random random = new Random(29);
        List<Double> values = new ArrayList<>(List.of(0.1, 1e-5, 1e16, 1e17, 1e15, 123456789012345680.0, 5e-324,
                Double.MAX_VALUE, -2.5, 1.0 / 3, 100.0, 1e100, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY,
                -1e14));
        for (int i = 0; i < 3000; i++) {
            double any = Double.longBitsToDouble(random.nextLong());
            values.add(Double.isNaN(any) ? random.nextGaussian() : any);
            values.add(random.nextInt(1_000_000) / 100.0);
            values.add((double) random.nextLong());
        }
        ByteBuf requests = Unpooled.directBuffer();
        ByteBuf expected = Unpooled.directBuffer();
        ReplyWriter writer = new ReplyWriter();
        writer.to(expected);
        for (int i = 0; i < values.size(); i++) {
            RequestWriter.request(requests, "ZADD", "z", Double.toString(values.get(i)).replace("Infinity", "inf"),
                    "m" + i);
            RequestWriter.request(requests, "ZSCORE", "z", "m" + i);
            writer.integer(1);
            writer.doubleValue(values.get(i));
        }
        writer.finish();
        byte[] all = new byte[requests.readableBytes()];
        requests.readBytes(all);
        assertThat(talk(all)).isEqualTo(expected.toString(StandardCharsets.ISO_8859_1));
        requests.release();
        expected.release();
    }

    private static void same(byte[] received) throws Exception {
        String theirs = talk(received);
        String ours = ours(received);
        // Which commands there are is no matter of the protocol.
        assertThat(theirs.replaceAll("(?s)-ERR (unknown command|wrong number)[^\r]*\r\n", "-ERR command\r\n"))
                .as(() -> "answer to " + new String(received, StandardCharsets.ISO_8859_1)).isEqualTo(ours);
    }

    private static String ours(byte[] received) {
        CommandDecoder decoder = new CommandDecoder(RequestLimits.DEFAULT);
        ReplyWriter writer = new ReplyWriter();
        ByteBuf out = Unpooled.directBuffer();
        long block = Memory.allocate(received.length);
        try {
            Memory.copy(received, 0, block, received.length);
            writer.to(out);
            int at = 0;
            int consumed = 0;
            while (at < received.length && (consumed = decoder.decode(block + at, received.length - at)) > 0) {
                at += consumed;
                if (decoder.isCrossProtocol()) {
                    // Redis also drops what it had still to answer.
                    return "";
                }
                List<String> arguments = Requests.arguments(decoder);
                if (arguments.size() == 2 && arguments.get(0).equalsIgnoreCase("echo")) {
                    writer.bulk(decoder.argumentAddress(1), decoder.argumentLength(1));
                } else if (!arguments.isEmpty()) {
                    writer.error("ERR command");
                }
            }
            if (consumed < 0) {
                writer.error("ERR " + decoder.errorMessage());
            }
            writer.finish();
            return out.toString(StandardCharsets.ISO_8859_1);
        } finally {
            Memory.free(block);
            out.release();
        }
    }

    /** Sends and says that nothing more will come; returns all that Redis answers before it closes. */
    private static String talk(byte[] bytes) throws Exception {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), redis.port())) {
            socket.setSoTimeout(60_000);
            socket.setTcpNoDelay(true);
            Thread sender = Thread.ofVirtual().start(() -> {
                try {
                    socket.getOutputStream().write(bytes);
                    socket.shutdownOutput();
                } catch (IOException _) {
                    // Redis may close while bytes behind a refused request are still on their way.
                }
            });
            ByteArrayOutputStream answer = new ByteArrayOutputStream();
            byte[] part = new byte[65536];
            try {
                for (int n; (n = socket.getInputStream().read(part)) >= 0;) {
                    answer.write(part, 0, n);
                }
            } catch (SocketException _) {
                // The same, seen from this side: a reset comes behind the answer.
            }
            sender.join();
            return answer.toString(StandardCharsets.ISO_8859_1);
        }
    }
}

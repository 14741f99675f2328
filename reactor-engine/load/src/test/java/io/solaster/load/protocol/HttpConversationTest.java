package io.solaster.load.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HttpConversationTest {
    private static final String RESPONSES = "HTTP/1.1 200 OK\r\nConTent-Length: 12\r\nserver: x\r\n\r\nhello\r\n\r\nyou"
            + "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\ntrailer: x\r\n\r\n"
            + "HTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 204 None\r\n\r\nHTTP/1.1 503 no\nContent-Length: 0\n\n"
            + "HTTP/1.1 404\r\ncontent-length:2\r\nConnection: close\r\n\r\nno";
    private static final List<String> ANSWERS = List.of("good", "good", "good", "HTTP 503", "last", "HTTP 404");

    private static Conversation open() {
        return Http1.get("localhost", "/plaintext").open(1, List.of());
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String written(Protocol protocol) {
        ByteBuf out = Unpooled.buffer();
        protocol.open(1, List.of()).request(out, -1);
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void everyResponseEndsWhereItsBodyDoesWhereverItIsCut() {
        for (int cut = 0; cut <= RESPONSES.length(); cut++) {
            assertThat(Told.read(open(), bytes(RESPONSES), cut)).as("cut behind %d", cut).isEqualTo(ANSWERS);
        }
    }

    @Test
    void aBodyWithoutALengthEndsWithTheConnection() {
        Conversation talk = open();
        Told told = new Told();
        talk.read(Unpooled.wrappedBuffer(bytes("HTTP/1.0 200 OK\r\n\r\nall of it")), told);
        assertThat(told.all).containsExactly("last");
        talk.ended(told);
        assertThat(told.all).endsWith("good");
    }

    @Test
    void anAnswerToHeadHasNoBody() {
        Conversation talk = new Http1("HEAD", "localhost", "/", Map.of(), "").open(1, List.of());
        assertThat(Told.read(talk, bytes("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), 4))
                .containsExactly("good", "good");
    }

    @ParameterizedTest
    @ValueSource(strings = {"SSH-2.0-x\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: x\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 99999999999999999999\r\n", "\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n"})
    void whatIsNoResponseIsRefused(String garbage) {
        assertThatThrownBy(() -> Told.read(open(), bytes(garbage), 0)).isInstanceOf(BadAnswer.class);
    }

    @Test
    void aHeadWithoutAnEndIsRefused() {
        Conversation talk = open();
        byte[] header = bytes("x: " + "y".repeat(1000) + "\r\n");
        talk.read(Unpooled.wrappedBuffer(bytes("HTTP/1.1 200 OK\r\n")), new Told());
        assertThatThrownBy(() -> {
            for (int i = 0; i < 100; i++) {
                talk.read(Unpooled.wrappedBuffer(header), new Told());
            }
        }).hasMessage("a head without an end");
    }

    @Test
    void randomBytesEndInAnswersOrARefusal() {
        SplittableRandom random = new SplittableRandom(8);
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = bytes(RESPONSES);
            for (int flips = random.nextInt(1, 6); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(Told.read(open(), bytes, random.nextInt(bytes.length))).isNotNull();
            } catch (BadAnswer e) {
                assertThat(e).hasMessageNotContaining("null");
            }
        }
    }

    @Test
    void asksForThePath() {
        assertThat(written(Http1.get("localhost:8080", "/plaintext?x=1")))
                .isEqualTo("GET /plaintext?x=1 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n");
        assertThat(written(new Http1("POST", "localhost", "/", Map.of("A", "b c"), "hé")))
                .isEqualTo("POST / HTTP/1.1\r\nHost: localhost\r\nA: b c\r\nContent-Length: 3\r\n\r\nhé");
        assertThatThrownBy(() -> Http1.get("localhost", "/a b")).hasMessageContaining("%20");
        assertThatThrownBy(() -> new Http1("GET", "localhost", "/", Map.of("A", "b\r\nc: d"), ""))
                .hasMessageContaining("header A");
        assertThatThrownBy(() -> Http1.get("localhost", "/").recorded("cart"))
                .hasMessageContaining("'cart' is no path");
    }

    @Test
    void webSocketMessagesComeBackWhereverTheyAreCut() {
        String head = "HTTP/1.1 101 Switching\r\nupgrade: websocket\r\n\r\n";
        String frames = "\u0082\u0003abc" + "\u0089\u0002hi" + "\u0002\u0001a\u0080\u0002bc" + "\u0082\u0002ab"
                + "\u0088\u0000";
        for (int cut = 0; cut <= head.length() + frames.length(); cut++) {
            Conversation talk = new WebSocketEcho("localhost", "/", Map.of(), 3, 1).open(1, List.of());
            assertThat(Told.read(talk, bytes(head + frames), cut)).as("cut behind %d", cut)
                    .containsExactly("ready", "good", "good", "another message", "last");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u0082\u0083abc", "\u00c2\u0000", "\u0083\u0000", "\u0089\u007e"})
    void whatIsNoFrameOfAServerIsRefused(String frame) {
        Conversation talk = new WebSocketEcho("localhost", "/", Map.of(), 3, 1).open(1, List.of());
        assertThatThrownBy(() -> Told.read(talk, bytes("HTTP/1.1 101 x\r\n\r\n" + frame + "\0\0"), 0))
                .isInstanceOf(BadAnswer.class);
    }

    @Test
    void anUpgradeThatIsRefusedIsSeenAtItsFirstLine() {
        Conversation talk = new WebSocketEcho("localhost", "/", Map.of(), 3, 1).open(1, List.of());
        assertThatThrownBy(() -> Told.read(talk, bytes("HTTP/1.1 404 no\r\n"), 0))
                .hasMessage("the upgrade was refused");
    }

    @Test
    void aPingIsAnsweredWithWhatItHeld() {
        Conversation talk = new WebSocketEcho("localhost", "/", Map.of(), 3, 1).open(1, List.of());
        Told told = new Told();
        talk.read(Unpooled.wrappedBuffer(bytes("HTTP/1.1 101 x\r\n\r\n\u0089\u0002hi")), told);
        assertThat(told.out.toString(StandardCharsets.ISO_8859_1)).isEqualTo("\u008a\u0082\0\0\0\0hi");
    }

    @Test
    void lengthsOfMessagesAreWrittenInEveryForm() {
        for (int length : new int[]{1, 125, 126, 65_535, 65_536}) {
            ByteBuf out = Unpooled.buffer();
            new WebSocketEcho("localhost", "/", Map.of(), length, 1).open(1, List.of()).request(out, -1);
            int head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
            assertThat(out.readableBytes()).isEqualTo(head + 4 + length);
        }
    }
}

package io.solaster.load.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.load.protocol.Resp.Command;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RespConversationTest {
    private static final String REPLIES = "+OK\r\n$5\r\nhello\r\n$-1\r\n:42\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n-ERR no such\r\n*0\r\n"
            + "%1\r\n+k\r\n$0\r\n\r\n_\r\n>2\r\n+message\r\n+x\r\n|1\r\n+ttl\r\n:3\r\n#t\r\n,1.5\r\n!5\r\nOOM x\r\n=5\r\ntxt:a\r\n*-1\r\n";
    private static final List<String> ANSWERS = List.of("good", "good", "good", "good", "good", "ERR", "good", "good",
            "good", "good", "good", "error answer", "good", "good");

    private static Conversation open(Resp resp) {
        return resp.open(1, List.of("RECORDED".getBytes(StandardCharsets.US_ASCII)));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private static String written(Conversation talk, int recorded) {
        ByteBuf out = Unpooled.buffer();
        talk.request(out, recorded);
        return out.toString(StandardCharsets.US_ASCII);
    }

    @Test
    void everyReplyIsAnAnswerWhereverItIsCut() {
        for (int cut = 0; cut <= REPLIES.length(); cut++) {
            assertThat(Told.read(open(Resp.DEFAULTS), bytes(REPLIES), cut)).as("cut behind %d", cut).isEqualTo(ANSWERS);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"hello\r\n", "\r\n", "$x\r\n", "$\r\n", "$5-\r\n", "+OK\n", "*99999999999999\r\n",
            "$99999999999999999999\r\n", "*--1\r\n"})
    void whatIsNoReplyIsRefused(String garbage) {
        assertThatThrownBy(() -> Told.read(open(Resp.DEFAULTS), bytes(garbage), 0)).isInstanceOf(BadAnswer.class);
    }

    @Test
    void aLineWithoutAnEndIsRefused() {
        assertThatThrownBy(() -> Told.read(open(Resp.DEFAULTS), bytes("+" + "x".repeat(BadAnswer.MOST)), 0))
                .isInstanceOf(BadAnswer.class);
    }

    @Test
    void randomBytesEndInAnswersOrARefusal() {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = bytes(REPLIES);
            for (int flips = random.nextInt(1, 6); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(Told.read(open(Resp.DEFAULTS), bytes, random.nextInt(bytes.length))).isNotNull();
            } catch (BadAnswer e) {
                assertThat(e).hasMessageNotContaining("null");
            }
        }
    }

    @Test
    void commandsAreMixedByWeight() {
        Conversation talk = open(Resp.DEFAULTS.withMix(Map.of(Command.GET, 9, Command.SET, 1)).withValueBytes(3));
        int sets = 0;
        for (int i = 0; i < 10_000; i++) {
            String request = written(talk, -1);
            if (request.startsWith("*3\r\n$3\r\nSET\r\n$16\r\nkey:0000000")) {
                sets++;
                assertThat(request).endsWith("\r\n$3\r\nxxx\r\n");
            } else {
                assertThat(request).startsWith("*2\r\n$3\r\nGET\r\n$16\r\nkey:0000000").endsWith("\r\n").hasSize(36);
            }
        }
        assertThat(sets).isBetween(850, 1150);
    }

    @Test
    void everyCommandHasAForm() {
        for (Command each : Command.values()) {
            Conversation talk = open(Resp.DEFAULTS.withMix(Map.of(each, 1)).withKeys(Keys.uniform(10)));
            assertThat(written(talk, -1)).contains("\r\n" + each + "\r\n").doesNotContain("key\r\n");
        }
    }

    @Test
    void aValueThatLooksLikeAKeyIsLeftAlone() {
        Conversation talk = open(Resp.DEFAULTS.withMix(Map.of(Command.MGET, 1)).withKeys(Keys.uniform(1_000_000)));
        assertThat(written(talk, -1).split("key:")).hasSize(6);
    }

    @Test
    void whatWasRecordedIsSentAsItWas() {
        assertThat(written(open(Resp.DEFAULTS), 0)).isEqualTo("RECORDED");
        assertThat(new String(Resp.DEFAULTS.recorded("GET  user:1"), StandardCharsets.US_ASCII))
                .isEqualTo("*2\r\n$3\r\nGET\r\n$6\r\nuser:1\r\n");
    }

    @Test
    void aLoginComesFirstAndIsNoAnswer() {
        Resp resp = Resp.DEFAULTS.withLogin("me", "secret", 3);
        Conversation talk = open(resp);
        ByteBuf out = Unpooled.buffer();
        assertThat(talk.begin(out)).isFalse();
        assertThat(out.toString(StandardCharsets.US_ASCII)).contains("AUTH", "me", "secret", "SELECT");
        assertThat(Told.read(talk, bytes("+OK\r\n+OK\r\n+PONG\r\n"), 3)).containsExactly("ready", "good");
        Conversation refused = open(resp);
        refused.begin(Unpooled.buffer());
        assertThatThrownBy(() -> Told.read(refused, bytes("-WRONGPASS no\r\n"), 0))
                .hasMessage("the login was refused: WRONGPASS");
    }

    @Test
    void whatIsNotFoundIsAnErrorWhereKeysShouldBeThere() {
        assertThat(Told.read(open(Resp.DEFAULTS.withMissesFailing()), bytes("$-1\r\n$1\r\na\r\n_\r\n"), 2))
                .containsExactly("miss", "good", "miss");
    }

    @Test
    void kindsOfErrorsAreFew() {
        Conversation talk = open(Resp.DEFAULTS);
        Told told = new Told();
        for (int i = 0; i < 100; i++) {
            talk.read(Unpooled.wrappedBuffer(bytes("-E" + i + " x\r\n")), told);
        }
        assertThat(told.all.stream().distinct()).hasSizeLessThan(40).contains("other error answers");
    }

    @Test
    void zipfianKeysFollowTheirLaw() {
        Keys keys = Keys.zipf(1000, 0.99);
        SplittableRandom random = new SplittableRandom(3);
        int[] counts = new int[1000];
        for (int i = 0; i < 200_000; i++) {
            counts[(int) keys.next(random)]++;
        }
        double sum = 0;
        for (int k = 1; k <= 1000; k++) {
            sum += Math.pow(k, -0.99);
        }
        for (int k : new int[]{1, 2, 5, 10, 100}) {
            double expected = 200_000 * Math.pow(k, -0.99) / sum;
            assertThat((double) counts[k - 1]).isBetween(expected * 0.85, expected * 1.15);
        }
    }

    @Test
    void settingsThatCannotBeAreRefused() {
        assertThatThrownBy(() -> Resp.DEFAULTS.withMix(Map.of())).hasMessageContaining("get=90,set=10");
        assertThatThrownBy(() -> Resp.DEFAULTS.withDepth(0)).hasMessageContaining("give 1 to");
        assertThatThrownBy(() -> Resp.DEFAULTS.withValueBytes(-1)).hasMessageContaining("-1");
        assertThatThrownBy(() -> Keys.uniform(0)).hasMessageContaining("0 keys");
        assertThatThrownBy(() -> Keys.zipf(5, 0)).hasMessageContaining("0.99");
    }
}

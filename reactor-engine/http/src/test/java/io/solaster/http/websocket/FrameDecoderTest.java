package io.solaster.http.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.solaster.engine.memory.Memory;
import io.solaster.testkit.gen.Property;
import org.junit.jupiter.api.Test;

class FrameDecoderTest {
    private static final int LIMIT = 1 << 20;

    @Test
    void findsMessagesControlFramesAndFragmentsWhereverTheBytesAreCut() {
        byte[] bytes = new ClientFrames().text("hello").frame(0x01, utf8("gr")).frame(0x89, utf8("ping"))
                .frame(0x00, utf8("ü")).frame(0x8A, new byte[0]).frame(0x80, utf8("ß € 😀"))
                .frame(0x82, new byte[]{0, 1, -1}).frame(0x81, new byte[0]).frame(0x02, new byte[0])
                .frame(0x80, new byte[]{7}).close(1000, "bye").bytes();
        List<String> expected = List.of("1 hello", "9 70696e67", "10 ", "1 grüß € 😀", "2 0001ff", "1 ", "2 07",
                "8 03e8627965");
        assertThat(decode(bytes)).isEqualTo(expected);
        assertThat(Transcript.nettys(bytes, LIMIT)).isEqualTo(expected);
        for (int first = 0; first <= bytes.length; first++) {
            for (int second = first; second <= bytes.length; second++) {
                assertThat(decode(bytes, first, second)).isEqualTo(expected);
            }
        }
        assertThat(decode(bytes, IntStream.range(0, bytes.length).toArray())).isEqualTo(expected);
    }

    @Test
    void readsEachWayToWriteALength() {
        Random random = new Random(3);
        for (int length : new int[]{0, 1, 3, 7, 8, 9, 31, 32, 33, 125, 126, 127, 128, 1000, 65535, 65536, 70001}) {
            byte[] payload = new byte[length];
            random.nextBytes(payload);
            byte[] bytes = new ClientFrames().frame(0x82, payload).text("next").bytes();
            List<String> expected = Transcript.nettys(bytes, LIMIT);
            assertThat(expected).hasSize(2);
            assertThat(decode(bytes)).isEqualTo(expected);
            for (int cut : new int[]{1, 2, 3, 4, 7, 9, 11, 14, 15, length / 2, length}) {
                if (cut <= bytes.length) {
                    assertThat(decode(bytes, cut)).as("cut at %d", cut).isEqualTo(expected);
                }
            }
        }
    }

    @Test
    void refusesWhatBreaksTheRules() {
        byte[] one = {1};
        assertThat(decode(new ClientFrames().unmasked(0x81, one).bytes())).isEqualTo(refused(1002));
        for (int head : new int[]{0xC1, 0xA1, 0x91, 0x83, 0x84, 0x85, 0x86, 0x87, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x09,
                0x08, 0x0A, 0x80, 0x00, 0xC9}) {
            assertThat(decode(new ClientFrames().frame(head, one).bytes())).as("head %x", head)
                    .isEqualTo(refused(1002));
        }
        assertThat(decode(new ClientFrames().frame(0x01, one).frame(0x81, one).bytes())).isEqualTo(refused(1002));
        assertThat(decode(new ClientFrames().frame(0x89, new byte[126]).bytes())).isEqualTo(refused(1002));
        assertThat(decode(new ClientFrames().frame(0x82, one, 5, 2).bytes())).isEqualTo(refused(1002));
        assertThat(decode(new ClientFrames().frame(0x82, one, 5, 8).bytes())).isEqualTo(refused(1002));
        assertThat(decode(new ClientFrames().header(0x82, Long.MIN_VALUE, 8, true).bytes())).isEqualTo(refused(1002));
    }

    @Test
    void tellsALengthThatNoFrameHasAsItWasSent() {
        FrameDecoder decoder = new FrameDecoder(true, false, LIMIT, LIMIT);
        byte[] header = new ClientFrames().header(0x82, Long.MIN_VALUE, 8, true).bytes();
        ByteBuf bytes = Unpooled.directBuffer().writeBytes(header);
        assertThat(decoder.decode(Memory.address(bytes), header.length)).isEqualTo(FrameDecoder.FAILED);
        assertThat(decoder.closeCode()).isEqualTo(CloseCode.PROTOCOL_ERROR);
        assertThat(decoder.reason()).isEqualTo("length 9223372036854775808, over 2^63 - 1");
        bytes.release();
    }

    @Test
    void refusesWhatIsTooLongBeforeItComes() {
        assertThat(decode(new ClientFrames().header(0x82, LIMIT + 1, 8, true).bytes())).isEqualTo(refused(1009));
        assertThat(decode(new ClientFrames().header(0x82, Long.MAX_VALUE, 8, true).bytes())).isEqualTo(refused(1009));
        ClientFrames parts = new ClientFrames().frame(0x02, new byte[600]).frame(0x00, new byte[400]);
        assertThat(Transcript.ours(parts.bytes(), new int[0], 700, 1000)).isEmpty();
        assertThat(Transcript.ours(parts.frame(0x80, new byte[1]).bytes(), new int[0], 700, 1000))
                .isEqualTo(refused(1009));
    }

    @Test
    void refusesTextThatIsNoUtf8AtTheFirstByteThatShowsIt() {
        for (String hex : List.of("80", "c0af", "c1bf", "e08080", "eda080", "edbfbf", "f08080", "f4908080", "f5", "ff",
                "c320", "e28220", "f09f9820", "4142434445464748ff")) {
            byte[] text = HexFormat.of().parseHex(hex);
            byte[] bytes = new ClientFrames().frame(0x01, text).bytes();
            for (int cut = 0; cut <= bytes.length; cut++) {
                assertThat(decode(bytes, cut)).as("%s cut at %d", hex, cut).isEqualTo(refused(1007));
            }
        }
        byte[] half = new ClientFrames().frame(0x81, new byte[]{'a', (byte) 0xE2, (byte) 0x82}).bytes();
        assertThat(decode(half)).isEqualTo(refused(1007));
    }

    @Test
    void takesEveryCharacterThereIs() {
        StringBuilder all = new StringBuilder();
        for (int c = 0; c <= Character.MAX_CODE_POINT; c += c < 0x3000 ? 1 : 97) {
            if (c < Character.MIN_SURROGATE || c > Character.MAX_SURROGATE) {
                all.appendCodePoint(c);
            }
        }
        all.appendCodePoint(Character.MAX_CODE_POINT);
        byte[] bytes = new ClientFrames().text(all.toString()).bytes();
        assertThat(decode(bytes)).isEqualTo(List.of("1 " + all));
        int[] cuts = IntStream.range(0, bytes.length / 13).map(i -> 13 * i).toArray();
        assertThat(decode(bytes, cuts)).isEqualTo(List.of("1 " + all));
    }

    @Test
    void agreesWithTheJdkOnWhatIsUtf8() {
        Property.check(5, 50_000, draw -> {
            byte[] text = new byte[1 + draw.nextInt(12)];
            for (int i = 0; i < text.length; i++) {
                int kind = draw.nextInt(8);
                text[i] = (byte) (kind < 3 ? 'a' : kind < 6 ? 0x80 + draw.nextInt(64) : 0xC0 + draw.nextInt(64));
            }
            boolean valid = Arrays.equals(new String(text, StandardCharsets.UTF_8).getBytes(StandardCharsets.UTF_8),
                    text);
            List<String> lines = decode(new ClientFrames().frame(0x81, text).bytes(), draw.nextInt(6));
            assertThat(lines.equals(refused(1007))).as(Arrays.toString(text)).isNotEqualTo(valid);
        });
    }

    @Test
    void unmasksAsTheRfcSays() {
        // RFC 6455, section 5.7.
        byte[] hello = HexFormat.of().parseHex("818537fa213d7f9f4d5158");
        assertThat(decode(hello)).isEqualTo(List.of("1 Hello"));
    }

    static void check(byte[] bytes, int[] cuts, int maxFrame) {
        List<String> whole = Transcript.ours(bytes, new int[0], maxFrame, Long.MAX_VALUE);
        assertThat(Transcript.ours(bytes, cuts, maxFrame, Long.MAX_VALUE)).isEqualTo(whole);
        List<String> nettys = Transcript.nettys(bytes, maxFrame);
        String input = HexFormat.of().formatHex(bytes);
        for (int i = 0; i < whole.size(); i++) {
            if (whole.get(i).startsWith("8 ")) {
                // Netty's decoder looks into a Close, which is not ours to do, and at nothing behind it.
                assertThat(nettys).as(input).hasSizeGreaterThan(i);
                assertThat(nettys.subList(0, i)).as(input).isEqualTo(whole.subList(0, i));
                assertThat(nettys.get(i)).as(input).isIn(whole.get(i), "refused: 1007", "refused: 1002");
                return;
            }
        }
        if (whole.isEmpty() || !whole.getLast().startsWith("refused")) {
            assertThat(nettys).as(input).isEqualTo(whole);
            return;
        }
        // Before that, both find the same. Netty looks at text only when its frame is whole, and then goes on.
        int before = whole.size() - 1;
        assertThat(nettys).as(input).hasSizeGreaterThanOrEqualTo(before);
        assertThat(nettys.subList(0, before)).as(input).isEqualTo(whole.subList(0, before));
        if (nettys.size() > before && whole.getLast().equals("refused: 1002")) {
            assertThat(nettys.getLast()).as(input).startsWith("refused");
        }
    }

    private static List<String> decode(byte[] bytes, int... cuts) {
        return Transcript.ours(bytes, cuts, LIMIT, LIMIT);
    }

    private static List<String> refused(int code) {
        return List.of("refused: " + code);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

package io.solaster.load.protocol;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;

class Http2ConversationTest {
    private static final int HEADERS = 1;
    private static final int END = 5;

    private final ByteBuf frames = Unpooled.buffer();

    private static Conversation open(int requests) {
        Conversation talk = new Http2("GET", "localhost", "/", Map.of("Accept", "x".repeat(200)), 10).open(1,
                List.of());
        ByteBuf out = Unpooled.buffer();
        talk.begin(out);
        for (int i = 0; i < requests; i++) {
            talk.request(out, -1);
        }
        return talk;
    }

    private void frame(int type, int flags, int stream, int... payload) {
        frames.writeMedium(payload.length).writeByte(type).writeByte(flags).writeInt(stream);
        for (int each : payload) {
            frames.writeByte(each);
        }
    }

    @Test
    void streamsEndInAnyOrderWhereverTheyAreCut() {
        frame(4, 0, 0, 0, 3, 0, 0, 0, 4);
        frame(4, 1, 0);
        // 200 and a body of 3 bytes, 404 alone, 503 as a literal, a reset; a ping between.
        frame(HEADERS, 4, 3, 0x88);
        frame(HEADERS, END, 1, 0x8d);
        frame(6, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8);
        frame(0, 0, 3, 1, 2);
        frame(HEADERS, END, 5, 0x08, 3, '5', '0', '3');
        frame(3, 0, 7, 0, 0, 0, 8);
        frame(0, 1, 3, 3);
        frame(7, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0);
        byte[] bytes = ByteBufUtil.getBytes(frames);
        for (int cut = 0; cut <= bytes.length; cut++) {
            assertThat(Told.read(open(4), bytes, cut)).as("cut behind %d", cut).containsExactly("room 4", "ready",
                    "0 HTTP 404", "2 HTTP 503", "3 stream reset", "1 good", "last");
        }
        frames.release();
    }

    @Test
    void whatIsNoFrameIsRefused() {
        List<Runnable> bad = new ArrayList<>();
        bad.add(() -> frame('H', 'T', 'T', 'P'));
        bad.add(() -> frame(HEADERS, END, 1, 0x88));
        bad.add(() -> frame(4, 0, 0, 1));
        for (Runnable each : bad) {
            frames.clear();
            each.run();
            assertThatThrownBy(() -> Told.read(open(1), ByteBufUtil.getBytes(frames), 0)).isInstanceOf(BadAnswer.class);
        }
        bad.clear();
        bad.add(() -> frame(HEADERS, END, 3, 0x88));
        bad.add(() -> frame(HEADERS, END, 2, 0x88));
        bad.add(() -> frame(HEADERS, 1, 1, 0x88));
        bad.add(() -> frame(HEADERS, END, 1));
        bad.add(() -> frame(5, 4, 1, 0, 0, 0, 2));
        bad.add(() -> frame(6, 0, 0, 1));
        for (Runnable each : bad) {
            frames.clear();
            frame(4, 0, 0);
            each.run();
            assertThatThrownBy(() -> Told.read(open(1), ByteBufUtil.getBytes(frames), 0)).isInstanceOf(BadAnswer.class);
        }
    }

    @Test
    void randomBytesEndInAnswersOrARefusal() {
        SplittableRandom random = new SplittableRandom(9);
        frame(4, 0, 0, 0, 3, 0, 0, 0, 4);
        for (int i = 0; i < 4; i++) {
            frame(HEADERS, 4, 2 * i + 1, 0x88, 0x0f, 0x0d, 1, '3');
            frame(0, 1, 2 * i + 1, 1, 2, 3);
        }
        for (int i = 0; i < 5_000; i++) {
            byte[] bytes = ByteBufUtil.getBytes(frames);
            for (int flips = random.nextInt(1, 6); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(Told.read(open(4), bytes, random.nextInt(bytes.length))).isNotNull();
            } catch (BadAnswer e) {
                assertThat(e).hasMessageNotContaining("null");
            }
        }
    }
}

package io.solaster.http.http1;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

import io.solaster.engine.memory.GuardedBlock;
import io.solaster.http.wire.HttpLimits;

/** Reads heads, whole and cut, each against a page that nobody may touch, and writes down what the decoder says. */
public final class Heads {
    static final HttpLimits LIMITS = new HttpLimits(8 << 10, 16 << 10, 100, 10 << 20, 0, 128, 1, 1, 1, 1);
    public static final HttpLimits SMALL = new HttpLimits(16, 96, 3, 10 << 20, 0, 128, 1, 1, 1, 1);
    private static final GuardedBlock BLOCK = new GuardedBlock(64 << 10);

    private Heads() {}

    /** What the decoder makes of these bytes, given at these places and then as a whole. */
    static String read(byte[] bytes, int[] cuts, HttpLimits limits) {
        HeadDecoder decoder = new HeadDecoder();
        for (int cut : cuts) {
            long address = BLOCK.putLast(bytes, 0, cut);
            int used = decoder.decode(address, cut, limits);
            if (used != HeadDecoder.MORE) {
                return describe(decoder, used, bytes);
            }
        }
        int used = decoder.decode(BLOCK.putLast(bytes, 0, bytes.length), bytes.length, limits);
        return describe(decoder, used, bytes);
    }

    static String read(String latin1) {
        return read(latin1.getBytes(StandardCharsets.ISO_8859_1), new int[0], LIMITS);
    }

    /** Whole, at once and byte by byte: the same each time. */
    static String readInEveryWay(byte[] bytes, HttpLimits limits, Random random) {
        String whole = read(bytes, new int[0], limits);
        int[] each = new int[bytes.length];
        for (int i = 0; i < each.length; i++) {
            each[i] = i;
        }
        assertThat(read(bytes, each, limits)).as("byte by byte").isEqualTo(whole);
        for (int i = 0; i < 3 && bytes.length > 0; i++) {
            int[] cuts = random.ints(1 + random.nextInt(3), 0, bytes.length).sorted().toArray();
            assertThat(read(bytes, cuts, limits)).as("cut at %s", cuts).isEqualTo(whole);
        }
        return whole;
    }

    private static String describe(HeadDecoder head, int used, byte[] bytes) {
        if (used == HeadDecoder.MORE) {
            return "more";
        }
        if (used == HeadDecoder.FAILED) {
            return head.status().code() + " " + head.message();
        }
        // As it is read where it lies, and as it is read from what is kept.
        long address = BLOCK.putLast(bytes, 0, used);
        head.moved(address);
        String there = contents(head);
        head.keep();
        assertThat(contents(head)).isEqualTo(there);
        return used + " " + there;
    }

    private static String contents(HeadDecoder head) {
        List<String> headers = new ArrayList<>();
        for (int i = 0; i < head.count(); i++) {
            headers.add(head.name(i) + "=" + head.value(i));
        }
        return head.method() + " " + head.target() + (head.isHttp10() ? " 1.0 " : " 1.1 ") + headers
                + (head.contentLength() >= 0 ? " length " + head.contentLength() : "")
                + (head.isChunked() ? " chunked" : "") + (head.isKeepAlive() ? "" : " close")
                + (head.expectsContinue() ? " expects" : "") + (head.upgrades() ? " upgrades" : "");
    }
}

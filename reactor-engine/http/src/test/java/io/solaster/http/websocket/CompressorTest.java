package io.solaster.http.websocket;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.Inflater;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompressorTest {
    /** What ends each part of a compressed message, and was taken off its end. */
    private static final byte[] TAIL = {0, 0, (byte) 0xFF, (byte) 0xFF};

    @ParameterizedTest
    @ValueSource(ints = {8, 9, 12, 15})
    void nothingRefersFartherBackThanTheWindow(int bits) throws Exception {
        DeflateOffer agreed = new DeflateOffer(false, false, bits);
        byte[] message = words(100_000);
        List<byte[]> parts = parts(compressed(message, agreed));
        if (bits == 15) {
            assertThat(parts).hasSize(1);
            return;
        }
        int window = 1 << bits;
        assertThat(parts).hasSize((message.length + window - 1) / window);
        int at = 0;
        for (byte[] part : parts) {
            // Nothing before it is known.
            Inflater inflater = new Inflater(true);
            inflater.setInput(part);
            byte[] plain = new byte[window + 1];
            int bytes = inflater.inflate(plain);
            inflater.end();
            assertThat(bytes).isEqualTo(Math.min(window, message.length - at));
            for (int i = 0; i < bytes; i++) {
                assertThat(plain[i]).isEqualTo(message[at + i]);
            }
            at += bytes;
        }
    }

    @Test
    void aMessageThatFitsIntoTheWindowIsCompressedAsEver() {
        byte[] message = words(512);
        assertThat(compressed(message, new DeflateOffer(false, false, 9)))
                .isEqualTo(compressed(message, new DeflateOffer(false, false, 0)));
    }

    private static byte[] words(int length) {
        Random random = new Random(5);
        StringBuilder text = new StringBuilder();
        while (text.length() < length) {
            text.append(random.nextInt(100)).append(" words ");
        }
        return text.substring(0, length).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
    }

    private static byte[] compressed(byte[] message, DeflateOffer agreed) {
        try (Compressor compressor = new Compressor(6, false)) {
            ByteBuf payload = Unpooled.directBuffer().writeBytes(message);
            ByteBuf frame = compressor.frame(ByteBufAllocator.DEFAULT, FrameDecoder.TEXT, payload, agreed.window());
            int length = frame.getByte(frame.readerIndex() + 1) & 0x7F;
            frame.skipBytes(length < 126 ? 2 : length == 126 ? 4 : 10);
            byte[] bytes = ByteBufUtil.getBytes(frame);
            frame.release();
            payload.release();
            return bytes;
        }
    }

    private static List<byte[]> parts(byte[] compressed) {
        List<byte[]> parts = new ArrayList<>();
        int from = 0;
        for (int at = 0; at + TAIL.length <= compressed.length; at++) {
            if (java.util.Arrays.equals(compressed, at, at + TAIL.length, TAIL, 0, TAIL.length)) {
                parts.add(java.util.Arrays.copyOfRange(compressed, from, at + TAIL.length));
                from = at + TAIL.length;
            }
        }
        parts.add(java.util.Arrays.copyOfRange(compressed, from, compressed.length));
        return parts;
    }
}

package io.solaster.http.websocket;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;

/** Builds what a client sends, well-formed or not. */
final class ClientFrames {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final Random random = new Random(7);

    ClientFrames text(String text) {
        return frame(0x81, text.getBytes(StandardCharsets.UTF_8));
    }

    ClientFrames frame(int head, byte[] payload) {
        return frame(head, payload, random.nextInt(), payload.length <= 125 ? 1 : payload.length <= 0xFFFF ? 2 : 8);
    }

    ClientFrames close(int code, String reason) {
        byte[] text = reason.getBytes(StandardCharsets.UTF_8);
        byte[] payload = new byte[2 + text.length];
        payload[0] = (byte) (code >> 8);
        payload[1] = (byte) code;
        System.arraycopy(text, 0, payload, 2, text.length);
        return frame(0x88, payload);
    }

    /** @param lengthBytes 1, 2 or 8 for the length */
    ClientFrames frame(int head, byte[] payload, int key, int lengthBytes) {
        header(head, payload.length, lengthBytes, true);
        byte[] mask = {(byte) (key >> 24), (byte) (key >> 16), (byte) (key >> 8), (byte) key};
        bytes.writeBytes(mask);
        for (int i = 0; i < payload.length; i++) {
            bytes.write(payload[i] ^ mask[i & 3]);
        }
        return this;
    }

    ClientFrames unmasked(int head, byte[] payload) {
        header(head, payload.length, payload.length <= 125 ? 1 : 2, false);
        bytes.writeBytes(payload);
        return this;
    }

    ClientFrames header(int head, long length, int lengthBytes, boolean masked) {
        int mask = masked ? 0x80 : 0;
        bytes.write(head);
        bytes.write(mask | (lengthBytes == 1 ? (int) length : lengthBytes == 2 ? 126 : 127));
        for (int i = lengthBytes - 1; i >= 0 && lengthBytes > 1; i--) {
            bytes.write((int) (length >>> 8 * i));
        }
        return this;
    }

    byte[] bytes() {
        return bytes.toByteArray();
    }
}

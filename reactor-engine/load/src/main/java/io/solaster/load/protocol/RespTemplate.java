package io.solaster.load.protocol;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

import io.netty.buffer.ByteBuf;

/** A command as bytes, with places for the digits of keys. On one shard. */
final class RespTemplate {
    private static final int DIGITS = 12;
    private static final String HOLE = "0".repeat(DIGITS);

    private final byte[] bytes;
    private final int[] holes;

    RespTemplate(Resp.Command command, int valueBytes) {
        List<String> words = new ArrayList<>();
        for (String word : command.words()) {
            words.add(switch (word) {
                case "value" -> "x".repeat(valueBytes);
                case "key", "count", "hash", "member", "list", "set", "sorted" -> word + ":" + HOLE;
                default -> word;
            });
        }
        bytes = Resp.encoded(words);
        int[] found = new int[words.size()];
        int count = 0;
        for (int at = indexOfHole(0); at >= 0; at = indexOfHole(at + DIGITS)) {
            found[count++] = at;
        }
        holes = Arrays.copyOf(found, count);
    }

    private int indexOfHole(int from) {
        for (int at = Math.max(1, from); at + DIGITS <= bytes.length; at++) {
            int zeros = 0;
            while (zeros < DIGITS && bytes[at + zeros] == '0') {
                zeros++;
            }
            if (zeros == DIGITS && bytes[at - 1] == ':') {
                return at;
            }
        }
        return -1;
    }

    void write(ByteBuf out, Keys keys, SplittableRandom random) {
        for (int hole : holes) {
            long rest = keys.next(random);
            for (int i = DIGITS - 1; i >= 0; i--) {
                bytes[hole + i] = (byte) ('0' + rest % 10);
                rest /= 10;
            }
        }
        out.writeBytes(bytes);
    }
}

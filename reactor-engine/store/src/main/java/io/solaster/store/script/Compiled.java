package io.solaster.store.script;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

import io.solaster.engine.memory.Memory;

/** A script as one shard has compiled it, and what it is found by without making objects. On the owning shard. */
final class Compiled {
    private static final int SHA_WORDS = 5;

    final Script script;
    /** Under which number the function is kept, and in which generation of the state. */
    int reference;
    long generation;
    private final long[] sha;
    private final long[] words;

    Compiled(Script script) {
        this.script = script;
        this.sha = words(script.sha().getBytes(StandardCharsets.ISO_8859_1));
        this.words = words(script.text());
    }

    /** The bytes as the words that {@link Memory#getLong} reads, without what is left over. */
    private static long[] words(byte[] bytes) {
        long[] words = new long[bytes.length / Long.BYTES];
        ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder()).asLongBuffer().get(words);
        return words;
    }

    /** Whether these 40 bytes are its name. */
    boolean isNamed(long address) {
        for (int i = 0; i < SHA_WORDS; i++) {
            if (Memory.getLong(address + (long) i * Long.BYTES) != sha[i]) {
                return false;
            }
        }
        return true;
    }

    /** Whether a text is its own. */
    boolean isText(long address, int length) {
        byte[] text = script.text();
        if (length != text.length) {
            return false;
        }
        for (int i = 0; i < words.length; i++) {
            if (Memory.getLong(address + (long) i * Long.BYTES) != words[i]) {
                return false;
            }
        }
        for (int i = words.length * Long.BYTES; i < length; i++) {
            if (Memory.getByte(address + i) != text[i]) {
                return false;
            }
        }
        return true;
    }
}

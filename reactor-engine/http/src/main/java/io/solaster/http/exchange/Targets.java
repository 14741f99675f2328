package io.solaster.http.exchange;

import java.nio.charset.StandardCharsets;

import io.solaster.engine.memory.Memory;
import io.solaster.http.route.Target;
import org.jspecify.annotations.Nullable;

/**
 * The targets that came last to a shard, so that those which come again and again are made into strings once. A table
 * with one place for each hash; what is long or has a query seldom comes twice and is not kept.
 */
public final class Targets {
    private static final int PLACES = 512;
    private static final int LONGEST = 96;

    private final @Nullable Target[] targets = new Target[PLACES];
    private final byte[][] bytes = new byte[PLACES][];

    /** A request line that lies where it was received, or was kept. */
    public interface Line {

        boolean isKept();

        String target();

        /** Where the target's bytes lie. */
        long targetAddress();

        int targetLength();

        /** How many characters of an absolute target stand before its path. */
        int beforePath();
    }

    /** The target of a head that lies where it was received. */
    public Target of(Line head) {
        int length = head.targetLength();
        if (length > LONGEST || head.isKept()) {
            return new Target(head.target(), head.beforePath());
        }
        long address = head.targetAddress();
        int hash = length;
        for (int i = 0; i < length; i++) {
            hash = 31 * hash + Memory.getByte(address + i);
        }
        int place = place(hash);
        Target known = targets[place];
        if (known != null && same(bytes[place], address, length)) {
            return known;
        }
        String text = head.target();
        return keep(place, new Target(text, head.beforePath()));
    }

    /** A path, and perhaps a query. */
    public Target of(String path) {
        int length = path.length();
        if (length > LONGEST) {
            return new Target(path, 0);
        }
        int hash = length;
        for (int i = 0; i < length; i++) {
            hash = 31 * hash + path.charAt(i);
        }
        int place = place(hash);
        Target known = targets[place];
        return known != null && known.raw().equals(path) ? known : keep(place, new Target(path, 0));
    }

    private static int place(int hash) {
        return (hash ^ hash >>> 15) & PLACES - 1;
    }

    private Target keep(int place, Target target) {
        if (target.rawQuery() == null) {
            targets[place] = target;
            bytes[place] = target.raw().getBytes(StandardCharsets.ISO_8859_1);
        }
        return target;
    }

    private static boolean same(byte[] known, long address, int length) {
        if (known.length != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (known[i] != Memory.getByte(address + i)) {
                return false;
            }
        }
        return true;
    }
}

package io.solaster.store.command.pubsub;

import io.solaster.store.shard.Glob;
import io.solaster.streams.subscribe.NamePattern;

/** One of Redis's patterns, of channels. */
final class GlobPattern implements NamePattern {
    private final Glob glob;
    private final int bytes;

    /** @param pattern of {@link Glob#LONGEST} bytes at most */
    GlobPattern(byte[] pattern) {
        glob = new Glob(pattern);
        bytes = Glob.bytes(pattern.length);
    }

    @Override
    public boolean matches(byte[] name, int length) {
        return glob.isAny() || glob.matches(name, length);
    }

    @Override
    public int bytes() {
        return bytes;
    }
}

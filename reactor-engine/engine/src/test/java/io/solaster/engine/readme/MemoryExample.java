package io.solaster.engine.readme;

import io.solaster.engine.Shard;
import io.solaster.engine.memory.ObjectPool;

/** Objects that are used again. */
final class MemoryExample {

    private MemoryExample() {}

    static ObjectPool<byte[]> run() {
        // On a shard. At most 256 lie ready; what comes back beyond is left to the collector.
        ObjectPool<byte[]> frames = Shard.current().memory().pool("frames", () -> new byte[16 * 1024], 256);
        byte[] frame = frames.take();
        frame[0] = 1;
        frames.give(frame);
        return frames;
    }
}

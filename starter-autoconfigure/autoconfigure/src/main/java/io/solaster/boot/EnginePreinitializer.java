package io.solaster.boot;

import io.netty.buffer.ByteBufAllocator;
import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.os.CpuAffinity;
import io.solaster.engine.transport.TransportChoice;
import org.springframework.boot.autoconfigure.preinitialize.BackgroundPreinitializer;

/** Loads the engine's native code while Spring reads its configuration, where there is a second CPU to do so. */
final class EnginePreinitializer implements BackgroundPreinitializer {

    @Override
    public void preinitialize() {
        CpuAffinity.unavailable();
        TransportChoice.choose(Transport.AUTO);
        Memory.free(Memory.allocate(1));
        // Else the first shard that needs a buffer loads it all, and is told of as stalled.
        ByteBufAllocator.DEFAULT.directBuffer().release();
    }
}

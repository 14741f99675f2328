package io.solaster.load.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

import io.solaster.engine.os.CpuAffinity;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How much later than asked the kernel may wake a thread, so as to wake several at once: 50 us unless it is told. */
public final class TimerSlack {
    private static final Logger log = LoggerFactory.getLogger(TimerSlack.class);
    private static final String NONE = "1";

    private TimerSlack() {}

    /** Asks for none, for the calling thread. Where that is not to be had, requests go out later, and the report says so. */
    public static void none() {
        try {
            Files.writeString(file(), NONE);
        } catch (IOException e) {
            log.debug("Timers keep their slack", e);
        }
    }

    /** Where the kernel keeps it, in nanoseconds; there on Linux alone. */
    static Path file() {
        return Path.of("/proc/" + CpuAffinity.threadId() + "/timerslack_ns");
    }
}

package io.solaster.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.netty.buffer.ByteBufAllocator;
import io.netty.util.ResourceLeakDetector;
import org.slf4j.LoggerFactory;

/** Watches every buffer from now on, and tells which were forgotten. Its end collects garbage: once a class, not a test. */
public final class Leaks implements AutoCloseable {
    private final ResourceLeakDetector.Level before = ResourceLeakDetector.getLevel();
    private final Logger logger = (Logger) LoggerFactory.getLogger(ResourceLeakDetector.class);
    private final List<String> found = new CopyOnWriteArrayList<>();
    private final AppenderBase<ILoggingEvent> listener = new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
            // What tests before this one have forgotten may be found now, too.
            if (event.getFormattedMessage().contains("io.solaster.pool")) {
                found.add(event.getFormattedMessage());
            }
        }
    };

    public Leaks() {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        listener.setContext(logger.getLoggerContext());
        listener.start();
        logger.addAppender(listener);
    }

    /** Fails if a buffer was collected that nobody had released. */
    @Override
    public void close() {
        for (int i = 0; i < 3; i++) {
            System.gc();
            for (int j = 0; j < 16; j++) {
                ByteBufAllocator.DEFAULT.directBuffer(16).release();
            }
        }
        logger.detachAppender(listener);
        ResourceLeakDetector.setLevel(before);
        assertThat(found).isEmpty();
    }
}

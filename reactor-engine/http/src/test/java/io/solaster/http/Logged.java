package io.solaster.http;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import org.slf4j.LoggerFactory;

/**
 * What is logged at INFO and above while it is open, which goes nowhere else. What tells of the machine is left out: a busy one
 * stalls shards, and a kernel may refuse a ring or memory.
 */
final class Logged extends AppenderBase<ILoggingEvent> implements AutoCloseable {
    private static final List<String> OF_THE_MACHINE = List.of("io.solaster.engine.stats", "io.solaster.engine.file",
            "io.solaster.engine.os", "io.solaster.engine.EngineStart", "io.solaster.engine.Shard");
    private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
    private final List<Logger> loggers;

    Logged(String... names) {
        loggers = Stream.of(names).map(name -> (Logger) LoggerFactory.getLogger(name)).toList();
        start();
        for (Logger logger : loggers) {
            logger.setLevel(Level.INFO);
            logger.setAdditive(false);
            logger.addAppender(this);
        }
    }

    @Override
    protected void append(ILoggingEvent event) {
        String logger = event.getLoggerName() + '.';
        if (OF_THE_MACHINE.stream().noneMatch(each -> logger.startsWith(each + '.'))) {
            events.add(event);
        }
    }

    /** What was said at this level or above. */
    List<String> lines(Level least) {
        return events.stream().filter(event -> event.getLevel().isGreaterOrEqual(least))
                .map(ILoggingEvent::getFormattedMessage).toList();
    }

    /** What was said with a stack trace. */
    List<String> traces() {
        return events.stream().filter(event -> event.getThrowableProxy() != null)
                .map(ILoggingEvent::getFormattedMessage).toList();
    }

    @Override
    public void close() {
        for (Logger logger : loggers) {
            logger.detachAppender(this);
            logger.setAdditive(true);
            logger.setLevel(null);
        }
    }
}

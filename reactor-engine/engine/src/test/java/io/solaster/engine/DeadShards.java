package io.solaster.engine;

import java.util.List;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import io.solaster.engine.task.GroupScheduler;
import org.slf4j.LoggerFactory;

/** Has the loop of a shard die of an error, here of one that the log throws. */
public final class DeadShards {

    private DeadShards() {}

    /** @param before runs on the shard; what logs starts there, since Logback may forget an appender added meanwhile */
    public static void kill(Shard shard, Runnable before) {
        List<Logger> loggers = List.of(logger(GroupScheduler.class.getName()), logger("io.netty"),
                logger(Engine.class.getName()));
        AppenderBase<ILoggingEvent> deadly = new AppenderBase<>() {
            @Override
            protected void append(ILoggingEvent event) {
                throw new AssertionError("on purpose");
            }
        };
        deadly.start();
        loggers.forEach(logger -> logger.setAdditive(false));
        loggers.getFirst().addAppender(deadly);
        try {
            shard.execute(() -> {
                before.run();
                throw new IllegalStateException("on purpose");
            });
            Engines.until("it is dead", () -> shard.terminationFuture().isDone());
        } finally {
            loggers.getFirst().detachAppender(deadly);
            loggers.forEach(logger -> logger.setAdditive(true));
        }
    }

    private static Logger logger(String name) {
        return (Logger) LoggerFactory.getLogger(name);
    }
}

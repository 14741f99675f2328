package io.solaster.boot.actuate;

import io.solaster.log.Log;
import org.springframework.boot.health.contributor.AbstractHealthIndicator;
import org.springframework.boot.health.contributor.Health;

/** DOWN once a shard's log is sealed, OUT_OF_SERVICE while there is no room on the disk. It reads fields only. */
final class LogHealthIndicator extends AbstractHealthIndicator {
    private final Log log;

    LogHealthIndicator(Log log) {
        super("The health of log '" + log.name() + "' cannot be told");
        this.log = log;
    }

    @Override
    protected void doHealthCheck(Health.Builder health) {
        Throwable failure = log.failure();
        Throwable noRoom = log.noRoom();
        if (failure != null) {
            health.down(failure);
        } else if (noRoom != null) {
            health.outOfService().withException(noRoom);
        } else {
            health.up();
        }
        health.withDetail("directory", log.directory().toString())
                .withDetail("sealed", log.stats().stream().mapToLong(stats -> stats.sealed.get()).sum())
                .withDetail("unsynced", log.stats().stream().mapToLong(stats -> stats.unsynced.get()).sum());
    }
}

package io.solaster.boot.log;

import java.util.List;

import io.solaster.config.SolasterConfig;
import io.solaster.config.log.LogConfig;
import io.solaster.engine.Engine;
import io.solaster.log.Log;
import io.solaster.log.LogRecords;
import org.springframework.beans.factory.ObjectProvider;

/** Opens the logs of {@code solaster.logs}. */
public final class LogOpener {
    private final Engine engine;
    private final SolasterConfig config;
    private final ObjectProvider<LogRecords> records;

    LogOpener(Engine engine, SolasterConfig config, ObjectProvider<LogRecords> records) {
        this.engine = engine;
        this.config = config;
        this.records = records;
    }

    /**
     * Opens one, and has its records taken by the bean that names it.
     *
     * @throws IllegalStateException if several beans take its records, or it is none of {@code solaster.logs}
     */
    public Log open(String name) {
        LogConfig log = config.logs().get(name);
        if (log == null) {
            throw new IllegalStateException("there is no solaster.logs." + name);
        }
        List<LogRecords> takers = records.orderedStream().filter(each -> each.log().equals(name)).toList();
        if (takers.size() > 1) {
            throw new IllegalStateException("log '" + name + "' has " + takers.size() + " beans of type "
                    + LogRecords.class.getSimpleName() + "; let one of them take its records, and hand them on");
        }
        return takers.isEmpty() ? Log.open(engine, name, log) : Log.open(engine, name, log, takers.getFirst()::of);
    }
}

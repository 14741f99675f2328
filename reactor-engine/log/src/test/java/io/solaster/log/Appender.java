package io.solaster.log;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;

import io.solaster.config.EngineConfig;
import io.solaster.config.value.Fsync;
import io.solaster.engine.Engine;
import io.solaster.engine.Shard;

/** Appends until it is killed, and prints what is acknowledged: for {@link LogKillTest}. */
final class Appender {
    private Appender() {}

    /** @param arguments directory, fsync, transport */
    public static void main(String... arguments) {
        EngineConfig config = EngineConfig.defaults().withShards(1).withPinning(EngineConfig.Pinning.NEVER)
                .withTransport(EngineConfig.Transport.valueOf(arguments[2].toUpperCase(Locale.ROOT)));
        Engine engine = Engine.start(config);
        Log log = Log.open(engine, "killed",
                Logs.small(Path.of(arguments[0])).withFsync(Fsync.valueOf(arguments[1])));
        engine.shard(0).fork(() -> {
            ShardLog own = log.local();
            while (true) {
                for (int i = 0; i < 10; i++) {
                    while (!own.isWritable()) {
                        own.whenWritable().join();
                    }
                    own.append(0, Logs.KIND, Logs.bytes(own.next() + "-" + "x".repeat((int) (own.next() * 37 % 700))));
                }
                long last = own.next() - 1;
                own.whenAcknowledged(last).join();
                System.out.println("acknowledged " + last);
                // It is killed some time after what it is watched for: that must not be gigabytes.
                Shard.sleep(Duration.ofMillis(1)).join();
            }
        });
    }
}

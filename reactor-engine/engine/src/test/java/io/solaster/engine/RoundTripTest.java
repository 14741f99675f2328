package io.solaster.engine;

import static io.solaster.engine.Engines.get;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;

import io.solaster.config.EngineConfig.Transport;
import io.solaster.engine.mesh.RoundTrip;
import org.junit.jupiter.api.Test;

class RoundTripTest {

    @Test
    void goesThereAndBackAgainAndAgainInItsGroup() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            Trip trip = new Trip(1_000, 0);
            engine.shard(0).execute(engine.groups().background(), () -> trip.send(engine.shard(0).mesh(), 1));
            assertThat(get(trip.end))
                    .isEqualTo("1000 served on shard 1 in background, answered on shard 0 in background");
        }
    }

    @Test
    void bringsHomeWhatIsThrownAndCanGoOn() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            Trip trip = new Trip(10, 5);
            engine.shard(0).execute(() -> trip.send(engine.shard(0).mesh(), 1));
            get(trip.end);
            assertThat(trip.failures).singleElement().isEqualTo("on purpose on shard 0");
            assertThat(trip.served).isEqualTo(10);
        }
    }

    @Test
    void isRefusedWhileItIsUnderWay() {
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            String message = get(engine.submitTo(0, () -> {
                Trip trip = new Trip(1, 0);
                trip.send(engine.shard(0).mesh(), 1);
                try {
                    trip.send(engine.shard(0).mesh(), 1);
                    return "sent twice";
                } catch (IllegalStateException e) {
                    return e.getMessage();
                }
            }));
            assertThat(message).isEqualTo("a round trip to shard 1 is under way; make another, or wait");
        }
    }

    @Test
    void failsWhereTheEngineStopsOnItsWay() {
        CountDownLatch blocked = new CountDownLatch(1);
        List<Trip> trips = new ArrayList<>();
        try (Engine engine = Engines.start(Transport.NIO, 2)) {
            engine.shard(1).execute(blocked::countDown);
            get(engine.submitTo(0, () -> {
                for (int i = 0; i < 100; i++) {
                    Trip trip = new Trip(1, 0);
                    trips.add(trip);
                    trip.send(engine.shard(0).mesh(), 1);
                }
                return true;
            }));
        }
        assertThat(trips).allMatch(trip -> trip.end.isDone() || !trip.failures.isEmpty());
    }

    private static final class Trip extends RoundTrip {
        private final CompletableFuture<String> end = new CompletableFuture<>();
        private final List<String> failures = new ArrayList<>();
        private final int rounds;
        private final int failing;
        private int served;
        private String where = "";

        Trip(int rounds, int failing) {
            this.rounds = rounds;
            this.failing = failing;
        }

        @Override
        protected void serve() {
            served++;
            where = "served on " + here();
            if (served == failing) {
                throw new IllegalStateException("on purpose");
            }
        }

        @Override
        protected void answered() {
            if (served == rounds) {
                end.complete(served + " " + where + ", answered on " + here());
            } else {
                send(Shard.current().mesh(), 1);
            }
        }

        @Override
        protected void failed(Throwable cause) {
            failures.add(cause.getMessage() + " on shard " + Shard.current().id());
            answered();
        }

        private static String here() {
            Shard shard = Shard.current();
            return "shard " + shard.id() + " in " + shard.currentGroup();
        }
    }
}

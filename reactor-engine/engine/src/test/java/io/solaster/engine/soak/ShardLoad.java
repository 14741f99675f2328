package io.solaster.engine.soak;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.CancellationException;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;

import io.solaster.engine.Engine;
import io.solaster.engine.Shard;
import io.solaster.engine.mesh.RoundTrip;
import io.solaster.engine.soak.Ledger.Ticket;
import io.solaster.engine.sync.Patience;
import io.solaster.engine.sync.Pipe;
import io.solaster.engine.sync.Semaphore;
import io.solaster.engine.timer.Timer;

/** The load that one shard makes, by tasks and timers of its own: it is as often asleep as at work. On that shard. */
final class ShardLoad extends Load {
    private final Shard shard;
    private final BooleanSupplier quiet;
    private final ArrayDeque<Trip> trips = new ArrayDeque<>();
    private final List<OneShot> timers = new ArrayList<>();
    private final Semaphore semaphore = new Semaphore(3);
    private final Pipe<Ticket> pipe = new Pipe<>(4);
    /** What waits for others on this shard, and ends with it. */
    private final Set<Ticket> waiting = new HashSet<>();
    private final Timer again;
    private long lastRead;

    ShardLoad(Engine engine, Ledger ledger, SplittableRandom random, BooleanSupplier quiet) {
        super(engine, ledger, random);
        this.shard = Shard.current();
        this.quiet = quiet;
        this.again = shard.timers().timer(this::go);
        for (int i = 0; i < 16; i++) {
            trips.add(new Trip());
            timers.add(new OneShot());
        }
        readOn();
    }

    void go() {
        if (quiet.getAsBoolean()) {
            timers.forEach(OneShot::end);
            pipe.closeWriter();
            return;
        }
        for (int i = random.nextInt(12); i > 0 && mayAsk(); i--) {
            ask();
        }
        if (oneIn(4)) {
            again.arm(micros(300));
        } else {
            try {
                shard.execute(this::go);
            } catch (RejectedExecutionException stopped) {
                // The load ends with the shard.
            }
        }
    }

    @Override
    void ask() {
        switch (random.nextInt(10)) {
            case 0 -> trip();
            case 1, 2 -> timers.get(random.nextInt(timers.size())).disturb();
            case 3 -> sleep();
            case 4 -> acquire();
            case 5 -> write();
            default -> super.ask();
        }
    }

    private void trip() {
        Trip trip = trips.poll();
        if (trip != null) {
            trip.ticket = open("round trips");
            trip.send(shard.mesh(), random.nextInt(engine.shards().size()));
        }
    }

    private final class Trip extends RoundTrip {
        private Ticket ticket;

        @Override
        protected void serve() {
            ticket.begin();
        }

        @Override
        protected void answered() {
            end(null);
        }

        @Override
        protected void failed(Throwable cause) {
            end(new RejectedExecutionException(cause));
        }

        private void end(RejectedExecutionException failure) {
            underWay.decrementAndGet();
            ticket.end(ticket.number, failure);
            trips.add(this);
        }
    }

    /** Armed, armed anew and cancelled; once or periodic. Each arming ends once. */
    private final class OneShot {
        private final Timer timer = shard.timers().timer(this::fire);
        private Ticket ticket;
        private int left;

        void disturb() {
            if (ticket == null) {
                ticket = ledger.open("timers");
                left = oneIn(4) ? 1 + random.nextInt(4) : 1;
                if (left == 1) {
                    timer.arm(micros(3_000));
                } else if (oneIn(2)) {
                    timer.armAtFixedRate(micros(500), Duration.ofNanos(200_000));
                } else {
                    timer.armWithFixedDelay(micros(500), Duration.ofNanos(200_000));
                }
            } else if (oneIn(2)) {
                end();
            } else if (left == 1) {
                timer.arm(micros(3_000));
            }
        }

        private void fire() {
            if (ticket == null) {
                ledger.fault("a timer fired that was not armed");
            } else if (--left == 0) {
                Ticket fired = ticket;
                ticket = null;
                timer.cancel();
                fired.begin();
                fired.answered();
            }
        }

        void end() {
            if (ticket != null) {
                // A shard that stops has cancelled it.
                if (!timer.cancel() && !shard.isShuttingDown()) {
                    ledger.fault("a timer was lost: " + ticket);
                }
                Ticket cancelled = ticket;
                ticket = null;
                cancelled.end(null, new CancellationException());
            }
        }

        /** After the shard has ended. */
        void dropped() {
            if (ticket != null) {
                if (timer.isArmed() && left == 1) {
                    ledger.fault("a timer is armed on a shard that has stopped: " + ticket);
                }
                ticket.end(null, new CancellationException());
            }
        }
    }

    private void sleep() {
        Ticket ticket = open("sleeps");
        follow(ticket, Shard.sleep(micros(2_000)).thenApply(done -> ticket.begin()));
    }

    private void acquire() {
        Ticket ticket = open("semaphore");
        waiting.add(ticket);
        Patience patience = oneIn(4) ? Patience.of(micros(1_000)) : Patience.ENDLESS;
        follow(ticket, semaphore.with(1, patience, () -> Shard.sleep(micros(100)).thenApply(done -> ticket.begin()))
                .whenComplete((answer, failure) -> waiting.remove(ticket)));
    }

    /** Each item is read once, and in order. */
    private void write() {
        Ticket ticket = ledger.open("pipe");
        waiting.add(ticket);
        if (!pipe.tryWrite(ticket)) {
            waiting.remove(ticket);
            ticket.end(null, new RejectedExecutionException("the pipe is full"));
        }
    }

    private void readOn() {
        pipe.read().thenAccept(ticket -> {
            if (ticket != null) {
                if (ticket.number <= lastRead) {
                    ledger.fault("the pipe gave " + ticket + " after #" + lastRead);
                }
                lastRead = ticket.number;
                waiting.remove(ticket);
                ticket.begin();
                ticket.answered();
                readOn();
            }
        });
    }

    /** After the shard has ended: what lived on it alone has ended with it. */
    void dropped() {
        timers.forEach(OneShot::dropped);
        waiting.forEach(ticket -> ticket.end(null, new CancellationException()));
    }
}

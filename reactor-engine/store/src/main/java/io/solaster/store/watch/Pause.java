package io.solaster.store.watch;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

import io.solaster.engine.timer.Timer;
import io.solaster.store.shard.Command;
import io.solaster.store.shard.StoreShard;

/** Lets the commands of one shard's clients wait for a while, all of them or those that write. On the owning shard. */
public final class Pause {
    /** The timer is armed for no longer at once. */
    private static final long LONGEST_TIMER = Duration.ofHours(1).toNanos();

    private final StoreShard shard;
    private final ShardWatch watch;
    private final Timer timer;
    private final Set<Runnable> waiting = new LinkedHashSet<>();
    private boolean active;
    private boolean all;
    private long endNanos;

    Pause(StoreShard shard, ShardWatch watch) {
        this.shard = shard;
        this.watch = watch;
        this.timer = shard.shard().timers().coarseTimer(this::look);
    }

    /** Pauses for that long; while there is a pause already, until the later end of both, and all if one of both does. */
    public void begin(boolean allCommands, long millis) {
        long nanos = Math.min(millis, Long.MAX_VALUE / 2_000_000) * 1_000_000;
        long end = now() + nanos;
        if (active) {
            all |= allCommands;
            endNanos = end - endNanos > 0 ? end : endNanos;
        } else {
            active = true;
            all = allCommands;
            endNanos = end;
        }
        watch.changed();
        look();
    }

    /** Lets all that waits go on. */
    public void end() {
        active = false;
        timer.cancel();
        watch.changed();
        List<Runnable> going = new ArrayList<>(waiting);
        waiting.clear();
        going.forEach(shard.shard()::execute);
    }

    boolean isActive() {
        return active;
    }

    /**
     * Whether a command has to wait; the command that ends the pause has not.
     *
     * @param execWrites whether one that is kept for EXEC may write
     */
    public boolean holds(Command command, boolean execWrites) {
        return active && (all || mayWrite(command) || execWrites && command.name().equals("exec"))
                && !command.name().equals("client|unpause");
    }

    /** Whether a command may change something, or tell others of something. */
    public static boolean mayWrite(Command command) {
        return command.has(Command.Flag.WRITE) || switch (command.name()) {
            case "eval", "evalsha", "publish", "spublish", "pfcount" -> true;
            default -> false;
        };
    }

    /** Runs something when the pause ends. */
    public void await(Runnable goOn) {
        waiting.add(goOn);
    }

    /** Who waits is gone, or waits no more; false if it is about to be run, as the pause has ended. */
    public boolean forget(Runnable goOn) {
        return waiting.remove(goOn);
    }

    private long now() {
        return shard.shard().environment().clock().nanoTime();
    }

    private void look() {
        if (!active) {
            return;
        }
        long left = endNanos - now();
        if (left <= 0) {
            end();
        } else {
            timer.arm(Duration.ofNanos(Math.min(left, LONGEST_TIMER)));
        }
    }
}

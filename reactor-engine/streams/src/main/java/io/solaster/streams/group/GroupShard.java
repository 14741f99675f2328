package io.solaster.streams.group;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

import io.solaster.engine.Shard;
import io.solaster.engine.ShardFuture;
import io.solaster.engine.timer.Timer;
import io.solaster.streams.group.InFlight.State;
import io.solaster.streams.topic.Entry;
import io.solaster.streams.topic.TopicShard;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A group on one shard while it has members there: shares out entries, keeps those of a key apart, and gives again what was
 * handed back.
 */
final class GroupShard {
    private static final Logger logger = LoggerFactory.getLogger(GroupShard.class);
    private static final int LANES = 1024;

    private final TopicShard topic;
    private final String name;
    private final boolean byKey;
    private int number;
    private final List<Member> members = new ArrayList<>();
    private final List<Puller> pullers = new ArrayList<>();
    /** By number of partition on this shard, who has it, where the order is by key. */
    private Member[] owners = {};
    /** By lane, the last one that is under way: others come after it. */
    private final @Nullable InFlight[] lanes = new @Nullable InFlight[LANES];
    /** For the loop. */
    private final ArrayDeque<InFlight> ready = new ArrayDeque<>();
    private boolean runs;
    private final Screening screening;
    /** An error of a handler was logged: all is counted. */
    private boolean told;

    GroupShard(TopicShard topic, String name, boolean byKey) {
        this.topic = topic;
        this.name = name;
        this.byKey = byKey;
        this.screening = new Screening(this, topic);
    }

    Shard shard() {
        return topic.shard();
    }

    String name() {
        return name;
    }

    int number() {
        return number;
    }

    boolean isEmpty() {
        return members.isEmpty();
    }

    int members() {
        return members.size();
    }

    int underWay() {
        int all = 0;
        for (Member each : members) {
            all += each.entries.size();
        }
        return all;
    }

    // ---- members come and go

    void join(int newNumber, Member member) {
        number = newNumber;
        if (members.isEmpty()) {
            forgetGiven();
        }
        members.add(member);
        if (byKey || pullers.isEmpty()) {
            Puller made = new Puller(this, topic, byKey ? List.of(member) : members);
            pullers.add(made);
            share();
            made.start();
        } else {
            pullers.forEach(Puller::room);
        }
    }

    /** What was given to nobody who is still here is given again. */
    private void forgetGiven() {
        for (int column = 0; column < topic.partitions(); column++) {
            int row = topic.cursors().row(number, column);
            topic.cursors().given(row, topic.cursors().low(row));
        }
    }

    /** By rendezvous: a partition is for the member whose hash with it is greatest, so that who leaves moves only its own. */
    private void share() {
        Member[] now = new Member[byKey ? topic.partitions() : 0];
        for (int column = 0; column < now.length; column++) {
            now[column] = ownerOf(topic.partition(column));
        }
        owners = now;
        for (Puller puller : pullers) {
            boolean[] before = puller.owned().clone();
            for (int column = 0; column < before.length; column++) {
                puller.owned()[column] = !byKey || puller.serves(now[column]);
            }
            if (!Arrays.equals(before, puller.owned())) {
                puller.beginAnew();
            }
        }
    }

    private Member ownerOf(int partition) {
        Member best = members.getFirst();
        long most = Long.MIN_VALUE;
        for (Member each : members) {
            long score = mix(each.options.name().hashCode() * 0x9E3779B97F4A7C15L + partition);
            if (score > most) {
                most = score;
                best = each;
            }
        }
        return best;
    }

    /** The finalizer of SplitMix64. */
    private static long mix(long value) {
        long mixed = (value ^ value >>> 30) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
        return mixed ^ mixed >>> 31;
    }

    /** The member is given nothing more; completes when its handlers have ended. Call {@link #left} then. */
    ShardFuture<@Nullable Void> leave(Member member) {
        ShardFuture<@Nullable Void> leaving = shard().newFuture();
        member.leaving = leaving;
        if (member.running == 0) {
            leaving.complete(null);
        }
        return leaving;
    }

    /** The member has gone: the others get what it has not acknowledged. */
    void left(Member member) {
        if (!members.remove(member)) {
            return;
        }
        if (byKey || members.isEmpty()) {
            for (Puller each : List.copyOf(pullers)) {
                if (members.isEmpty() || each.serves(member)) {
                    pullers.remove(each);
                    each.close();
                }
            }
        }
        if (members.isEmpty()) {
            member.entries.forEach(each -> each.state = State.TAKEN);
            member.entries.clear();
            Arrays.fill(lanes, null);
            ready.clear();
            return;
        }
        share();
        PriorityQueue<Member> leastBusy = new PriorityQueue<>(Comparator.comparingInt(each -> each.entries.size()));
        leastBusy.addAll(members);
        for (InFlight each : List.copyOf(member.entries)) {
            member.remove(each);
            if (byKey) {
                inherit(each, owners[topic.column(each.entry.partition())]);
            } else {
                Member heir = leastBusy.remove();
                inherit(each, heir);
                leastBusy.add(heir);
            }
        }
    }

    private void inherit(InFlight entry, Member heir) {
        if (entry.state == State.RUNNING) {
            replace(entry, heir);
        } else {
            heir.add(entry);
            if (entry.state == State.BACKING_OFF) {
                start(entry);
            }
        }
    }

    /** A handler has not returned: somebody else gets its entry as well. */
    private void replace(InFlight lost, Member heir) {
        InFlight instead = new InFlight(this, lost.entry, lost.row, lost.lane, heir);
        instead.attempts = lost.attempts;
        instead.next = lost.next;
        lost.next = null;
        lost.state = State.TAKEN;
        if (lost.lane >= 0 && lanes[lost.lane] == lost) {
            lanes[lost.lane] = instead;
        }
        heir.add(instead);
        start(instead);
    }

    // ---- entries

    void give(Entry entry, int row, Member member) {
        byte[] key = entry.key();
        int lane = byKey && key != null ? (int) mix(Arrays.hashCode(key)) & LANES - 1 : -1;
        InFlight given = new InFlight(this, entry, row, lane, member);
        member.add(given);
        if (lane >= 0) {
            InFlight last = lanes[lane];
            lanes[lane] = given;
            if (last != null) {
                last.next = given;
                return;
            }
        }
        start(given);
    }

    private void start(InFlight entry) {
        entry.state = State.RUNNING;
        Member member = entry.member;
        member.running++;
        topic.stats().delivered.increment();
        if (entry.attempts++ > 0) {
            topic.stats().redelivered.increment();
        }
        if (member.options.inFork() && topic.gate().delivery() == null) {
            entry.show(entry.entry);
            fork(entry, member);
            return;
        }
        // Plug-ins look on the loop, where no call can park and another begin.
        ready.add(entry);
        if (!runs) {
            runs = true;
            shard().execute(this::runReady);
        }
    }

    private void fork(InFlight entry, Member member) {
        shard().fork(() -> {
            run(entry, member);
            return true;
        });
    }

    private void runReady() {
        try {
            for (InFlight next = ready.poll(); next != null; next = ready.poll()) {
                ready(next, next.member);
                if (Shard.needPreempt()) {
                    return;
                }
            }
        } finally {
            runs = !ready.isEmpty();
            if (runs) {
                shard().execute(this::runReady);
            }
        }
    }

    private void ready(InFlight entry, Member member) {
        try {
            if (entry.state == State.RUNNING && !screening.passes(entry)) {
                return;
            }
            if (member.options.inFork()) {
                fork(entry, member);
                return;
            }
        } catch (Throwable failure) {
            failed(entry, failure);
            ended(member);
            return;
        }
        run(entry, member);
    }

    private void run(InFlight entry, Member member) {
        try {
            if (entry.state == State.RUNNING) {
                member.handler.handle(entry);
                if (member.options.acknowledgesOnReturn()) {
                    acknowledge(entry, State.RUNNING);
                }
            }
        } catch (Throwable failure) {
            // Errors too: a class that is missing is no reason to leave an entry, and all behind it, with nobody.
            failed(entry, failure);
        } finally {
            ended(member);
        }
    }

    private void failed(InFlight entry, Throwable failure) {
        topic.stats().failures.increment();
        if (!told && failure instanceof Error) {
            told = true;
            logger.error(
                    "Group '{}' of topic '{}' on shard {}: what handles entry {} of partition {} fails with an error,"
                            + " and gets it again; later errors are only counted",
                    name, topic.topic(), shard().id(),
                    entry.entry.sequence(), entry.entry.partition(), failure);
        }
        handBack(entry, null);
    }

    /** One of a member's entries is at nobody's any more. */
    void ended(Member member) {
        member.running--;
        ShardFuture<@Nullable Void> leaving = member.leaving;
        if (leaving != null && member.running == 0) {
            leaving.resolve(null);
        }
    }

    void acknowledge(InFlight entry, State only) {
        if (entry.state == only) {
            done(entry);
        }
    }

    ShardFuture<@Nullable Void> acknowledge(InFlight entry) {
        done(entry);
        return topic.settled();
    }

    private void done(InFlight entry) {
        shard().assertOwner("an entry of topic '" + topic.topic() + "'");
        if (entry.state != State.DONE) {
            boolean ours = entry.state != State.TAKEN;
            entry.state = State.DONE;
            if (ours || topic.group(name) == entry.group.number) {
                topic.acknowledge(entry.row, entry.entry.sequence());
            }
            if (ours) {
                leaveLane(entry);
                entry.member.remove(entry);
            }
            // Also where another member has it now: the oldest that is under way may be another one.
            for (Puller each : pullers) {
                each.room();
            }
        }
    }

    private void leaveLane(InFlight entry) {
        if (entry.lane < 0) {
            return;
        }
        InFlight next = entry.next;
        entry.next = null;
        if (next == null) {
            lanes[entry.lane] = null;
        } else {
            start(next);
        }
    }

    void handBack(InFlight entry, @Nullable Duration after) {
        shard().assertOwner("an entry of topic '" + topic.topic() + "'");
        if (entry.state != State.RUNNING) {
            return;
        }
        entry.state = State.BACKING_OFF;
        MemberOptions options = entry.member.options;
        Duration wait = after;
        if (wait == null) {
            wait = options.backOff().multipliedBy(1L << Math.min(entry.attempts - 1, 20));
            wait = wait.compareTo(options.longestBackOff()) > 0 ? options.longestBackOff() : wait;
        }
        Timer timer = shard().timers().timer(() -> {
            if (entry.state == State.BACKING_OFF && entry.member.leaving == null) {
                start(entry);
            }
        });
        timer.arm(wait);
    }
}

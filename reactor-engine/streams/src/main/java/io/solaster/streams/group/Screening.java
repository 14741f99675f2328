package io.solaster.streams.group;

import io.solaster.streams.group.InFlight.State;
import io.solaster.streams.plugin.PluginChain;
import io.solaster.streams.plugin.RejectedByPluginException;
import io.solaster.streams.plugin.Verdict;
import io.solaster.streams.topic.Entry;
import io.solaster.streams.topic.PluginGate;
import io.solaster.streams.topic.Published;
import io.solaster.streams.topic.TopicShard;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Has plug-ins look at entries before a group's members get them, each time that they do. On the shard's loop. */
final class Screening {
    private static final Logger logger = LoggerFactory.getLogger(Screening.class);

    private final GroupShard group;
    private final TopicShard topic;
    /** What went wrong was logged: all is counted. */
    private boolean told;

    Screening(GroupShard group, TopicShard topic) {
        this.group = group;
        this.topic = topic;
    }

    /** Has plug-ins look at an entry that is given to its member; false where the handler gets it not, or not now. */
    boolean passes(InFlight given) {
        Entry entry = given.entry;
        given.show(entry);
        PluginChain looks = topic.gate().delivery();
        if (looks == null) {
            return true;
        }
        Member member = given.member;
        Verdict verdict;
        try {
            verdict = looks.process(entry.key(), entry.value(), 0, entry.value().length);
        } catch (RejectedByPluginException why) {
            later(given, member, why);
            return false;
        }
        byte[] value = looks.value();
        return switch (verdict) {
            case CONTINUE -> true;
            case REPLACE -> {
                given.show(entry.withValue(value == null ? entry.value() : value));
                yield true;
            }
            case DROP -> {
                topic.stats().dropped.increment();
                group.acknowledge(given, State.RUNNING);
                group.ended(member);
                yield false;
            }
            case ROUTE -> route(given, member, String.valueOf(looks.target()), value);
        };
    }

    private boolean route(InFlight given, Member member, String target, byte @Nullable [] value) {
        Entry entry = given.entry;
        if (target.equals(topic.topic())) {
            topic.stats().rejected.increment();
            tell("a plug-in sends it to its own topic, where each group would double it, so its group gets it");
            return true;
        }
        if (entry.hops() >= PluginGate.MOST_HOPS) {
            topic.stats().rejected.increment();
            tell("plug-ins have routed it " + entry.hops() + " times, so its group gets it");
            return true;
        }
        try {
            topic.gate().router().route(target, entry.key(), entry.headers(), value == null ? entry.value() : value,
                    entry.hops() + 1, new Published() {
                        @Override
                        public void published(int partition, long sequence) {
                            topic.stats().routed.increment();
                            group.acknowledge(given, State.RUNNING);
                            group.ended(member);
                        }

                        @Override
                        public void failed(Throwable why) {
                            later(given, member, why);
                        }
                    });
        } catch (RuntimeException why) {
            later(given, member, why);
        }
        return false;
    }

    /** Plug-ins look at it again after the back-off. */
    private void later(InFlight given, Member member, Throwable why) {
        topic.stats().rejected.increment();
        tell(why.toString());
        group.handBack(given, null);
        group.ended(member);
    }

    private void tell(String why) {
        if (!told) {
            told = true;
            logger.warn("Group '{}' of topic '{}' on shard {}: an entry does not go on as plug-ins say: {}",
                    group.name(), topic.topic(), topic.shard().id(), why);
        }
    }
}

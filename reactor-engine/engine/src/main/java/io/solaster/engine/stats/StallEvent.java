package io.solaster.engine.stats;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A stall in a flight recording. Its own fields, since JFR's duration and stack would be the watchdog's. */
@Name("io.solaster.Stall")
@Label("Stall")
@Description("One task held a shard for longer than the stall threshold")
@Category("Solaster")
@StackTrace(false)
final class StallEvent extends Event {
    @Label("Engine")
    String engine = "";

    @Label("Shard")
    int shard;

    @Label("Scheduling Group")
    @Description("Empty where it is the sockets' or the loop's own work")
    String group = "";

    @Label("Stalled For")
    @Timespan(Timespan.NANOSECONDS)
    long stalledFor;

    @Label("Ended")
    @Description("Whether the task has ended; each stall has one such event, and those without are about its way there")
    boolean ended;

    @Label("Stack")
    @Description("Where the shard was; empty where the task has ended")
    String stack = "";

    static void commit(String engine, Stall stall) {
        StallEvent event = new StallEvent();
        if (event.isEnabled()) {
            event.engine = engine;
            event.shard = stall.shard();
            event.group = stall.group() == null ? "" : stall.group();
            event.stalledFor = stall.nanos();
            event.ended = stall.phase() == Stall.Phase.ENDED;
            event.stack = stall.stack() == null ? "" : stall.stack();
            event.commit();
        }
    }
}

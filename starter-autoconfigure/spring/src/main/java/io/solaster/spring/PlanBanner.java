package io.solaster.spring;

import java.util.Collection;
import java.util.stream.Collectors;

import io.solaster.config.plan.ShardPlan;
import io.solaster.config.plan.ShardPlan.PlannedShard;
import io.solaster.config.value.CpuSet;
import io.solaster.engine.Engine;
import io.solaster.engine.net.TcpServer;
import io.solaster.engine.task.SchedulingGroup;
import io.solaster.engine.transport.TransportChoice;

/** What was planned and why, as a few lines for people who start an application. Any thread may call. */
public final class PlanBanner {
    private static final String INDENT = "\n             ";

    private PlanBanner() {}

    /** The lines, without a line break at the end. */
    public static String of(Engine engine, Collection<TcpServer> servers) {
        ShardPlan plan = engine.plan();
        StringBuilder text = new StringBuilder(512);
        text.append("  Shards     ").append(plan.shards().size()).append(plan.pinned() ? ", pinned to " : ", on ")
                .append(cpus(plan));
        text.append("\n  Others on  ").append(cpus(plan.housekeeping().isEmpty()
                ? engine.machine().allowed()
                : plan.housekeeping()));
        text.append("\n  Transport  ").append(TransportChoice.label(engine.transport().kind()));
        text.append("\n  Groups     ").append(engine.groups().all().stream().map(PlanBanner::shares)
                .collect(Collectors.joining(", ")));
        for (TcpServer server : servers) {
            text.append("\n  Server     ").append(server.name()).append(": ").append(server.config().protocol())
                    .append(" on ").append(server.config().withPort(server.port()).where())
                    .append(" in group ").append(server.config().group());
        }
        text.append("\n  Why        ").append(String.join(INDENT, plan.reasons())).append(INDENT)
                .append(sentence("Transport " + engine.transport().reason()));
        return text.toString();
    }

    private static String shares(SchedulingGroup group) {
        return group.name() + ' ' + group.shares();
    }

    private static String cpus(ShardPlan plan) {
        return cpus(CpuSet.of(plan.shards().stream().mapToInt(PlannedShard::cpu).toArray()));
    }

    private static String cpus(CpuSet cpus) {
        return (cpus.size() == 1 ? "CPU " : "CPUs ") + cpus;
    }

    private static String sentence(String text) {
        return text.endsWith(".") ? text : text + ".";
    }
}

package io.solaster.operator.command;

import java.util.ArrayList;
import java.util.List;

import io.solaster.operator.plan.ServicePlan;
import io.solaster.operator.plan.ServicePlan.ClassPlan;

/** Plans as text for people. */
final class PlanTable {
    private static final List<String> HEAD = List.of("CLASS", "SOURCE", "NODES", "POD CPUS", "SHARDS", "NUMA",
            "REPLICAS", "ROOM", "STRANDED");

    private PlanTable() {}

    static String print(List<ServicePlan> plans) {
        StringBuilder text = new StringBuilder();
        for (ServicePlan plan : plans) {
            text.append(text.isEmpty() ? "" : "\n").append(plan.namespace()).append('/').append(plan.name())
                    .append(": ").append(plan.verdict()).append(", after the loss of a node ")
                    .append(plan.afterNodeLoss()).append(" (plan ").append(plan.hash()).append(")\n");
            plan.reasons().forEach(reason -> text.append("  ").append(reason).append('\n'));
            table(plan.classes(), text);
            for (ClassPlan each : plan.classes()) {
                text.append("  ").append(each.name()).append(":\n");
                each.reasons().forEach(reason -> text.append("    ").append(reason).append('\n'));
                each.shardReasons().forEach(reason -> text.append("    Engine: ").append(reason).append('\n'));
            }
        }
        return text.toString();
    }

    private static void table(List<ClassPlan> classes, StringBuilder text) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEAD);
        for (ClassPlan each : classes) {
            rows.add(List.of(each.name(), each.source(), String.valueOf(each.nodes()), number(each.podCpus()),
                    number(each.shards()), number(each.numaNodes()), String.valueOf(each.replicas()),
                    each.capacity() == each.possible()
                            ? String.valueOf(each.capacity())
                            : each.capacity() + "-" + each.possible(),
                    String.valueOf(each.strandedCpus())));
        }
        int[] widths = new int[HEAD.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder(" ");
            for (int i = 0; i < widths.length; i++) {
                line.append(' ').append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 1));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
    }

    private static String number(int number) {
        return number == 0 ? "-" : String.valueOf(number);
    }
}

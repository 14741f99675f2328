package io.solaster.testkit.check;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Draws calls as a page: a line a client, a bar a call from when it was made to when it was answered, in steps rather than
 * to scale, since which call came first is what matters. The last calls only, where there are many.
 */
final class TimeLine {
    private static final int MOST = 300;
    private static final int STEP = 56;
    private static final int LINE = 44;
    private static final int LEFT = 140;

    private TimeLine() {}

    static String of(Verdict<?, ?> verdict) {
        List<? extends Operation<?, ?>> all = verdict.calls();
        List<? extends Operation<?, ?>> calls = all.subList(Math.max(0, all.size() - MOST), all.size());
        Map<Long, Integer> steps = steps(calls);
        Map<String, Integer> lines = new TreeMap<>();
        calls.forEach(call -> lines.putIfAbsent(call.client(), 0));
        int lanes = 0;
        IdentityHashMap<Operation<?, ?>, Integer> rows = new IdentityHashMap<>();
        for (Map.Entry<String, Integer> client : lines.entrySet()) {
            client.setValue(lanes);
            lanes += place(calls.stream().filter(call -> call.client().equals(client.getKey())).toList(), lanes, rows);
        }
        int width = LEFT + (steps.size() + 2) * STEP;
        StringBuilder svg = new StringBuilder();
        lines.forEach((client, lane) -> svg.append("<text x=\"8\" y=\"").append(lane * LINE + 26)
                .append("\" class=\"client\">").append(escape(client)).append("</text>\n"));
        Set<Operation<?, ?>> wrong = new HashSet<>(verdict.notExplained());
        for (Operation<?, ?> call : calls) {
            bar(svg, call, rows.getOrDefault(call, 0), steps, width, wrong.contains(call));
        }
        return """
                <!DOCTYPE html>
                <html lang="en"><head><meta charset="utf-8"><title>History</title>
                <style>
                body { font: 14px system-ui, sans-serif; margin: 16px }
                rect { fill: #cfe3f7; stroke: #4a7ba6 } rect.wrong { fill: #f9c6c6; stroke: #b00020 }
                rect.unknown { stroke-dasharray: 4 3 } text { font-size: 12px } text.client { font-weight: 600 }
                div { overflow-x: auto }
                </style></head><body>
                <p>%s</p><p>%sRed: calls that fit nowhere in the longest order that was found. Dashed: the client never
                learned what came of the call.</p>
                <div><svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d">
                %s</svg></div></body></html>
                """.formatted(escape(verdict.reason()),
                calls.size() < all.size() ? "The last " + calls.size() + " of " + all.size() + " calls. " : "", width,
                lanes * LINE + 8, svg);
    }

    /** A column for each moment at which something happened. */
    private static Map<Long, Integer> steps(List<? extends Operation<?, ?>> calls) {
        TreeSet<Long> moments = new TreeSet<>();
        for (Operation<?, ?> call : calls) {
            moments.add(call.called());
            if (call.outcome().isKnown()) {
                moments.add(call.returned());
            }
        }
        Map<Long, Integer> steps = new TreeMap<>();
        moments.forEach(moment -> steps.put(moment, steps.size()));
        return steps;
    }

    /** Gives calls of one client that overlap rows of their own; answers how many rows. */
    private static int place(List<? extends Operation<?, ?>> calls, int first,
            IdentityHashMap<Operation<?, ?>, Integer> rows) {
        List<Long> ends = new ArrayList<>();
        for (Operation<?, ?> call : calls) {
            int row = 0;
            while (row < ends.size() && ends.get(row) > call.called()) {
                row++;
            }
            if (row == ends.size()) {
                ends.add(0L);
            }
            ends.set(row, call.returned());
            rows.put(call, first + row);
        }
        return ends.size();
    }

    private static void bar(StringBuilder svg, Operation<?, ?> call, int row, Map<Long, Integer> steps, int width,
            boolean wrong) {
        int x = LEFT + steps.getOrDefault(call.called(), 0) * STEP;
        int end = call.outcome().isKnown() ? LEFT + steps.getOrDefault(call.returned(), 0) * STEP : width;
        int y = row * LINE + 6;
        String text = call.input() + " \u2192 " + call.outcome();
        svg.append("<rect x=\"").append(x).append("\" y=\"").append(y).append("\" width=\"")
                .append(Math.max(STEP / 2, end - x - 4)).append("\" height=\"").append(LINE - 12)
                .append("\" rx=\"4\" class=\"").append(wrong ? "wrong" : "")
                .append(call.outcome().isKnown() ? "" : " unknown").append("\"><title>").append(escape(text))
                .append("</title></rect><text x=\"").append(x + 5).append("\" y=\"").append(y + 20).append("\">")
                .append(escape(text)).append("</text>\n");
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }
}

package io.solaster.testkit.check;

/** All ways in which so many calls of so many clients can lie in time; each client has one call at a time. */
final class Histories {
    private Histories() {}

    interface Visitor {
        void visit(int[] clients, long[] called, long[] returned);
    }

    static void all(int calls, int clients, Visitor visitor) {
        go(new int[calls], new long[calls], new long[calls], new int[clients], 0, 0, 0, visitor);
    }

    /** @param open by client, the call under way and one; 0 for none */
    private static void go(int[] clients, long[] called, long[] returned, int[] open, int made, int ended, long now,
            Visitor visitor) {
        if (ended == clients.length) {
            visitor.visit(clients, called, returned);
            return;
        }
        boolean fresh = false;
        for (int client = 0; client < open.length; client++) {
            if (open[client] > 0) {
                int call = open[client] - 1;
                returned[call] = now;
                open[client] = 0;
                go(clients, called, returned, open, made, ended + 1, now + 1, visitor);
                open[client] = call + 1;
            } else if (made < clients.length) {
                // Clients that have done nothing yet are all alike.
                boolean isNew = true;
                for (int call = 0; call < made; call++) {
                    isNew &= clients[call] != client;
                }
                if (isNew && fresh) {
                    continue;
                }
                fresh |= isNew;
                clients[made] = client;
                called[made] = now;
                open[client] = made + 1;
                go(clients, called, returned, open, made + 1, ended, now + 1, visitor);
                open[client] = 0;
            }
        }
    }
}

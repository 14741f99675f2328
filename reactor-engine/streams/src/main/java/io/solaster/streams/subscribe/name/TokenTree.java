package io.solaster.streams.subscribe.name;

import java.util.Arrays;
import java.util.random.RandomGenerator;

import io.solaster.config.Internal;
import io.solaster.engine.memory.Memory;
import io.solaster.engine.memory.SystemMemory;

/**
 * The filters of one syntax by their tokens, and which of them take a name. A node for each beginning of a filter, in arrays; the
 * texts of tokens lie off the heap, each once. Who looks goes down by the name's tokens and by wildcards: what other filters there
 * are costs nothing. On the owning shard.
 */
@Internal
public final class TokenTree implements AutoCloseable {
    /** Bytes that a token of a filter takes beside its text, at most. */
    public static final int COST_OF_TOKEN = 96;
    public static final int NONE = -1;
    private static final int LEAST = 16;
    private static final int ROOT = 0;
    private static final int UNKNOWN = -2;

    private final TokenSyntax syntax;
    private final NameTable tokens;
    private int[] uses = new int[0];
    /** Nodes by their parents and their tokens. */
    private IntIndex index = new IntIndex();
    private int[] parents = new int[LEAST];
    /** {@link #NONE} for a wildcard; of a number that is free, the next that is. */
    private int[] tokenOf = new int[LEAST];
    private int[] children = new int[LEAST];
    private int[] one = new int[LEAST];
    private int[] exact = new int[LEAST];
    private int[] rest = new int[LEAST];
    private int used;
    private int free = NONE;
    private int nodes;
    private int size;

    // Of the name that is looked for.
    private final int[] starts = new int[TokenSyntax.MOST_TOKENS + 1];
    private final int[] ids = new int[TokenSyntax.MOST_TOKENS];
    private int count;
    private boolean hasMore;
    private final int[] stackNodes = new int[TokenSyntax.MOST_TOKENS + 2];
    private final int[] stackLevels = new int[TokenSyntax.MOST_TOKENS + 2];
    private long visited;

    public TokenTree(TokenSyntax syntax, SystemMemory memory, RandomGenerator secrets) {
        this.syntax = syntax;
        this.tokens = new NameTable(memory, secrets);
        clear(takeNumber());
    }

    /** Filters that are there. */
    public int size() {
        return size;
    }

    /** Nodes below the root. */
    public int nodes() {
        return nodes;
    }

    /** Bytes of the tokens' texts. */
    public long bytes() {
        return tokens.bytes();
    }

    /** Nodes that were looked at, so far. */
    public long visited() {
        return visited;
    }

    /** Adds a filter that the syntax has checked and that is not there, by its number; returns how many tokens it has. */
    public int add(int id, long filter, int length) {
        int node = ROOT;
        int levels = 0;
        try {
            for (int start = 0; start <= length;) {
                levels++;
                int end = syntax.end(filter, start, length);
                if (is(syntax.rest, filter, start, end)) {
                    rest[node] = id;
                    size++;
                    return levels;
                }
                node = is(syntax.one, filter, start, end)
                        ? wildcard(node)
                        : child(node, filter + start, end - start);
                start = end + 1;
            }
        } catch (Throwable failure) {
            prune(node);
            throw failure;
        }
        exact[node] = id;
        size++;
        return levels;
    }

    private static boolean is(byte sign, long text, int start, int end) {
        return end == start + 1 && Memory.getByte(text + start) == sign;
    }

    private int wildcard(int node) {
        int known = one[node];
        if (known != NONE) {
            return known;
        }
        int made = make(node, NONE);
        one[node] = made;
        return made;
    }

    private int child(int node, long text, int length) {
        int token = tokens.add(0, text, length);
        if (uses.length < tokens.capacity()) {
            uses = Arrays.copyOf(uses, tokens.capacity());
        }
        int known = find(node, token);
        if (known != NONE) {
            return known;
        }
        int made = make(node, token);
        uses[token]++;
        index.add(hash(node, token), made);
        return made;
    }

    private int make(int parent, int token) {
        int node = takeNumber();
        clear(node);
        parents[node] = parent;
        tokenOf[node] = token;
        children[parent]++;
        nodes++;
        return node;
    }

    private void clear(int node) {
        parents[node] = NONE;
        tokenOf[node] = NONE;
        children[node] = 0;
        one[node] = NONE;
        exact[node] = NONE;
        rest[node] = NONE;
    }

    private int takeNumber() {
        int node = free;
        if (node != NONE) {
            free = tokenOf[node];
            return node;
        }
        if (used == parents.length) {
            int capacity = used * 2;
            parents = Arrays.copyOf(parents, capacity);
            tokenOf = Arrays.copyOf(tokenOf, capacity);
            children = Arrays.copyOf(children, capacity);
            one = Arrays.copyOf(one, capacity);
            exact = Arrays.copyOf(exact, capacity);
            rest = Arrays.copyOf(rest, capacity);
        }
        return used++;
    }

    private static int hash(int parent, int token) {
        long mixed = ((long) parent << 32 | token) * 0x9E3779B97F4A7C15L;
        return (int) (mixed >>> 32);
    }

    private int find(int parent, int token) {
        int hash = hash(parent, token);
        for (int place = index.first(hash); index.at(place) != IntIndex.NONE; place = index.next(place)) {
            int node = index.at(place);
            if (parents[node] == parent && tokenOf[node] == token) {
                return node;
            }
        }
        return NONE;
    }

    /** Removes a filter that is there. */
    public void remove(long filter, int length) {
        int node = ROOT;
        for (int start = 0; start <= length;) {
            int end = syntax.end(filter, start, length);
            if (is(syntax.rest, filter, start, end)) {
                rest[node] = NONE;
                size--;
                prune(node);
                return;
            }
            node = is(syntax.one, filter, start, end)
                    ? one[node]
                    : find(node, tokens.find(0, filter + start, end - start));
            start = end + 1;
        }
        exact[node] = NONE;
        size--;
        prune(node);
    }

    /** Gives back a node that leads nowhere any more, and those above that do not either. */
    private void prune(int from) {
        int node = from;
        while (node != ROOT && children[node] == 0 && exact[node] == NONE && rest[node] == NONE) {
            int parent = parents[node];
            int token = tokenOf[node];
            if (token == NONE) {
                one[parent] = NONE;
            } else {
                index.remove(hash(parent, token), node);
                if (--uses[token] == 0) {
                    tokens.remove(token);
                }
            }
            children[parent]--;
            tokenOf[node] = free;
            free = node;
            nodes--;
            node = parent;
        }
    }

    /** Adds the numbers of all filters that take a name. */
    public void find(long name, int length, Found found) {
        if (size == 0 || !split(name, length)) {
            return;
        }
        boolean noWildcardFirst = syntax == TokenSyntax.MQTT && length > 0 && Memory.getByte(name) == '$';
        int depth = 0;
        stackNodes[depth] = ROOT;
        stackLevels[depth++] = 0;
        while (depth > 0) {
            int node = stackNodes[--depth];
            int level = stackLevels[depth];
            visited++;
            boolean wildcards = node != ROOT || !noWildcardFirst;
            boolean atEnd = level == count && !hasMore;
            if (rest[node] != NONE && wildcards && (!atEnd || syntax == TokenSyntax.MQTT)) {
                found.add(rest[node]);
            }
            if (level == count) {
                if (atEnd && exact[node] != NONE) {
                    found.add(exact[node]);
                }
                continue;
            }
            if (one[node] != NONE && wildcards) {
                stackNodes[depth] = one[node];
                stackLevels[depth++] = level + 1;
            }
            if (children[node] > (one[node] == NONE ? 0 : 1)) {
                int token = token(name, level);
                int child = token == NONE ? NONE : find(node, token);
                if (child != NONE) {
                    stackNodes[depth] = child;
                    stackLevels[depth++] = level + 1;
                }
            }
        }
    }

    /** Where the tokens of a name begin, as far as filters go; false if none takes it. */
    private boolean split(long name, int length) {
        count = 0;
        hasMore = false;
        boolean mayBeEmpty = syntax == TokenSyntax.MQTT;
        for (int start = 0; start <= length;) {
            if (count == TokenSyntax.MOST_TOKENS) {
                hasMore = true;
                if (mayBeEmpty) {
                    break;
                }
            }
            int end = syntax.end(name, start, length);
            if (end == start && !mayBeEmpty) {
                return false;
            }
            if (!hasMore) {
                ids[count] = UNKNOWN;
                starts[count++] = start;
                starts[count] = end + 1;
            }
            start = end + 1;
        }
        return true;
    }

    private int token(long name, int level) {
        int token = ids[level];
        if (token == UNKNOWN) {
            token = tokens.find(0, name + starts[level], starts[level + 1] - 1 - starts[level]);
            ids[level] = token;
        }
        return token;
    }

    @Override
    public void close() {
        size = 0;
        index = new IntIndex();
        tokens.close();
    }
}

package io.solaster.testkit.sim.disk;

import java.util.TreeMap;

/** What a name leads to. */
abstract sealed class Node permits Inode, Node.Directory {

    /** Names, as they are seen and as they would be found after a crash. */
    static final class Directory extends Node {
        final TreeMap<String, Node> seen = new TreeMap<>();
        final TreeMap<String, Node> durable = new TreeMap<>();
    }
}

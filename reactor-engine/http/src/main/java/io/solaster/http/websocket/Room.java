package io.solaster.http.websocket;

import java.util.Arrays;

import org.jspecify.annotations.Nullable;

/** One shard's members of a room. Whoever joins or leaves is found at once. On the owning shard. */
public final class Room {
    private static final int FEW = 4;

    private final String name;
    private @Nullable Membership[] members = new Membership[FEW];
    private int count;

    Room(String name) {
        this.name = name;
    }

    /** That somebody is in a room, and where. */
    static final class Membership {
        private final Room room;
        private final WebSocketConnection member;
        private int index;

        private Membership(Room room, WebSocketConnection member, int index) {
            this.room = room;
            this.member = member;
            this.index = index;
        }

        Room room() {
            return room;
        }
    }

    String name() {
        return name;
    }

    int count() {
        return count;
    }

    WebSocketConnection member(int i) {
        Membership membership = members[i];
        if (membership == null) {
            throw new IndexOutOfBoundsException(i);
        }
        return membership.member;
    }

    Membership add(WebSocketConnection member) {
        if (count == members.length) {
            members = Arrays.copyOf(members, 2 * count);
        }
        Membership membership = new Membership(this, member, count);
        members[count++] = membership;
        return membership;
    }

    /** The last one takes the place of who leaves. */
    void remove(Membership leaving) {
        Membership moved = members[--count];
        members[count] = null;
        if (moved != null && moved != leaving) {
            members[leaving.index] = moved;
            moved.index = leaving.index;
        }
        if (count >= FEW && count < members.length / 4) {
            members = Arrays.copyOf(members, members.length / 2);
        }
    }
}

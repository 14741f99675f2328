package io.solaster.rpc.frame;

/**
 * How a frame of lanes looks. All numbers are little-endian. A header of {@value #HEADER} bytes, then the body:
 *
 * <pre>
 *  0  u32  bytes of the body
 *  4  u8   type
 *  5  u8   flags
 *  6  u16  slot: of a REQUEST or NOT_OWNER; {@value #NO_SLOT} for none. 0 in other frames
 *  8  i64  id of the call, 0 where the frame is the connection's
 * 16  u32  first word
 * 20  u32  second word
 * </pre>
 *
 * <table>
 * <caption>What the words and the body of each type are</caption>
 * <tr><th>type</th><th>first word</th><th>second word</th><th>body</th></tr>
 * <tr><td>HELLO</td><td>{@link #MAGIC}</td><td>lowest version, and in the upper half the highest</td><td>{@link Hello}</td></tr>
 * <tr><td>REQUEST</td><td>method</td><td>time left in microseconds, 0 for as long as it takes</td><td>metadata, message</td></tr>
 * <tr><td>RESPONSE</td><td>0</td><td>0</td><td>message</td></tr>
 * <tr><td>ERROR</td><td>status</td><td>0</td><td>words in UTF-8</td></tr>
 * <tr><td>DATA</td><td>0</td><td>0</td><td>message</td></tr>
 * <tr><td>CREDIT</td><td>messages</td><td>bytes</td><td>none; of id 0 for the whole connection</td></tr>
 * <tr><td>END, CANCEL</td><td>0; status</td><td>0</td><td>none</td></tr>
 * <tr><td>PING</td><td>0</td><td>0</td><td>none; the answer has the same id</td></tr>
 * <tr><td>GOAWAY</td><td>status</td><td>0</td><td>words in UTF-8; the id is that of the last call begun</td></tr>
 * <tr><td>NOT_OWNER</td><td>owner's port</td><td>0</td><td>epoch in 8 bytes, owner's host in UTF-8</td></tr>
 * </table>
 *
 * Metadata, where the flag says that there is any, is its length in two bytes and then so many.
 */
public final class Frame {
    /** Bytes of a header. */
    public static final int HEADER = 24;
    /** "LANE", so that nobody else's bytes pass for a HELLO. */
    public static final int MAGIC = 0x454E414C;
    /** What is spoken here, the lowest and the highest alike. */
    public static final int VERSION = 1;
    public static final int NO_SLOT = 0xFFFF;

    public static final int HELLO = 1;
    public static final int REQUEST = 2;
    public static final int RESPONSE = 3;
    public static final int ERROR = 4;
    public static final int DATA = 5;
    public static final int CREDIT = 6;
    public static final int END = 7;
    public static final int CANCEL = 8;
    public static final int PING = 9;
    public static final int GOAWAY = 10;
    public static final int NOT_OWNER = 11;
    static final int TYPES = 12;

    /** Of a REQUEST: nobody waits for an answer, and none is sent. */
    public static final int ONE_WAY = 1;
    /** Of a REQUEST: its messages follow as DATA, and an END behind them. */
    public static final int OPEN = 2;
    /** Of a REQUEST: the body begins with metadata. */
    public static final int METADATA = 4;
    /** Of a REQUEST: the time left is in milliseconds. */
    public static final int MILLIS = 8;
    /** Of an ERROR: the call was surely not begun, and may be repeated. */
    public static final int NOT_BEGUN = 1;
    /** Of a PING: it is the answer. */
    public static final int ANSWER = 1;

    /** The largest HELLO: of a process with some 20,000 methods. */
    public static final int MAX_HELLO = 512 * 1024;
    /** The longest words of an error. */
    public static final int MAX_WORDS = 4 * 1024;
    /** The most metadata of a request. */
    public static final int MAX_METADATA = 16 * 1024;
    /** The largest message that may be configured. */
    public static final int MAX_MESSAGE = 1 << 28;

    private Frame() {}
}

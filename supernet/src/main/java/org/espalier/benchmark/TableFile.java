package org.espalier.benchmark;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.espalier.InputException;

/**
 * The compact form of a table: rows of floats, one for each architecture, written as they come;
 * behind them where each row is, and which <em>layout</em> it has, that is, which columns at which
 * place. Few layouts serve all rows. Opening reads only what is behind the rows; the rows are
 * mapped.
 *
 * <pre>
 * magic, long: where the index is, long: its CRC-32
 * rows of floats
 * index: how many architectures; their codes; their layouts (-1: no row); longs: where their rows are; the header as text
 * </pre>
 */
final class TableFile {
  static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
  private static final byte[] MAGIC = "ESPTABL1".getBytes(StandardCharsets.US_ASCII);
  private static final int START = MAGIC.length + 2 * Long.BYTES;
  private static final int PER_ARCHITECTURE = 2 * Integer.BYTES + Long.BYTES;

  private final MemorySegment memory;
  private final TableHeader header;
  private final int[] codes;
  private final int[] layouts;
  private final long[] rows;

  private TableFile(
      MemorySegment memory, TableHeader header, int[] codes, int[] layouts, long[] rows) {
    this.memory = memory;
    this.header = header;
    this.codes = codes;
    this.layouts = layouts;
    this.rows = rows;
  }

  TableHeader header() {
    return header;
  }

  MemorySegment memory() {
    return memory;
  }

  int size() {
    return codes.length;
  }

  int code(int index) {
    return codes[index];
  }

  /** -1 where the table has no row. */
  int layout(int index) {
    return layouts[index];
  }

  long row(int index) {
    return rows[index];
  }

  /**
   * Maps a file.
   *
   * @throws InputException if it is not a whole table
   */
  static TableFile open(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      long size = channel.size();
      byte[] first = read(channel, 0, (int) Math.min(size, START));
      if (first.length < START || !Arrays.equals(MAGIC, Arrays.copyOf(first, MAGIC.length))) {
        throw new InputException(
            file
                + " is not a converted table; 'espalier table convert SRC -o FILE' makes one of"
                + " NATS-Bench's folders and of CSV files");
      }
      ByteBuffer start = ByteBuffer.wrap(first).order(ORDER);
      long indexAt = start.getLong(MAGIC.length);
      if (indexAt < START || indexAt > size || size - indexAt > Integer.MAX_VALUE) {
        throw damaged(file);
      }
      byte[] index = read(channel, indexAt, (int) (size - indexAt));
      if (index.length != size - indexAt
          || checksum(index) != start.getLong(MAGIC.length + Long.BYTES)) {
        throw damaged(file);
      }
      MemorySegment memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, indexAt, Arena.ofAuto());
      return parse(file, memory, ByteBuffer.wrap(index).order(ORDER));
    } catch (IOException e) {
      throw new InputException(file + " cannot be read: " + InputException.reason(e), e);
    }
  }

  private static TableFile parse(Path file, MemorySegment memory, ByteBuffer index) {
    int n = index.remaining() < Integer.BYTES ? -1 : index.getInt();
    if (n < 0 || (long) n * PER_ARCHITECTURE > index.remaining()) {
      throw damaged(file);
    }
    int[] codes = new int[n];
    int[] layouts = new int[n];
    long[] rows = new long[n];
    index.asIntBuffer().get(codes).get(layouts);
    index.position(index.position() + 2 * n * Integer.BYTES);
    index.asLongBuffer().get(rows);
    index.position(index.position() + n * Long.BYTES);
    byte[] text = new byte[index.remaining()];
    index.get(text);
    TableHeader header;
    try {
      header = TableHeader.parse(new String(text, StandardCharsets.UTF_8));
    } catch (IllegalArgumentException e) {
      throw damaged(file);
    }
    long[] bytes = header.layouts().stream().mapToLong(TableHeader.Layout::bytes).toArray();
    int space = header.space().size();
    for (int i = 0; i < n; i++) {
      boolean outside =
          layouts[i] >= bytes.length
              || (layouts[i] >= 0
                  && (rows[i] < START || rows[i] + bytes[layouts[i]] > memory.byteSize()));
      if (outside || codes[i] < 0 || codes[i] >= space) {
        throw damaged(file);
      }
    }
    return new TableFile(memory, header, codes, layouts, rows);
  }

  private static InputException damaged(Path file) {
    return new InputException(
        file + " is damaged or cut off; convert the table again by 'espalier table convert'");
  }

  /** Fewer bytes where the file ends. */
  private static byte[] read(FileChannel channel, long from, int bytes) throws IOException {
    byte[] read = new byte[bytes];
    ByteBuffer buffer = ByteBuffer.wrap(read);
    while (buffer.hasRemaining() && channel.read(buffer, from + buffer.position()) >= 0) {
      // until it is full, or the file ends
    }
    return Arrays.copyOf(read, buffer.position());
  }

  private static long checksum(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }

  /** Writes a table row by row; the file is whole once {@link #finish} has returned. */
  static final class Writer implements AutoCloseable {
    private final Path file;
    private final OutputStream out;
    private final TableSpace space;
    private final int[] codes;
    private final int[] layouts;
    private final long[] rows;
    private final Map<TableHeader.Layout, Integer> known = new LinkedHashMap<>();
    private long at = START;

    Writer(Path file, TableSpace space, int[] codes) throws IOException {
      this.file = file;
      this.space = space;
      this.codes = codes;
      layouts = new int[codes.length];
      rows = new long[codes.length];
      Arrays.fill(layouts, -1);
      out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 16);
      out.write(new byte[START]);
    }

    void row(int index, List<Series> series) throws IOException {
      List<TableHeader.Place> places = new ArrayList<>();
      int bytes = 0;
      for (Series each : series) {
        places.add(new TableHeader.Place(each.column(), each.first(), each.values().length, bytes));
        bytes += each.values().length * Float.BYTES;
      }
      TableHeader.Layout layout = new TableHeader.Layout(places);
      Integer number = known.putIfAbsent(layout, known.size());
      layouts[index] = number == null ? known.size() - 1 : number;
      rows[index] = at;
      ByteBuffer row = ByteBuffer.allocate(bytes).order(ORDER);
      series.forEach(each -> put(row, each.values()));
      out.write(row.array());
      at += bytes;
    }

    private static void put(ByteBuffer row, float[] values) {
      for (float value : values) {
        row.putFloat(value);
      }
    }

    /** Adds the index. */
    void finish(List<String> notes) throws IOException {
      byte[] text =
          new TableHeader(space, notes, List.copyOf(known.keySet()))
              .format()
              .getBytes(StandardCharsets.UTF_8);
      ByteBuffer index =
          ByteBuffer.allocate(Integer.BYTES + codes.length * PER_ARCHITECTURE + text.length)
              .order(ORDER);
      index.putInt(codes.length);
      for (int code : codes) {
        index.putInt(code);
      }
      for (int layout : layouts) {
        index.putInt(layout);
      }
      for (long row : rows) {
        index.putLong(row);
      }
      index.put(text);
      out.write(index.array());
      out.close();
      ByteBuffer start = ByteBuffer.allocate(START).order(ORDER);
      start.put(MAGIC).putLong(at).putLong(checksum(index.array())).flip();
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
        channel.write(start, 0);
      }
    }

    @Override
    public void close() throws IOException {
      out.close();
    }
  }
}

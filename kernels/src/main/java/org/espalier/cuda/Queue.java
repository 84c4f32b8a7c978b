package org.espalier.cuda;

import static jcuda.driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuGraphUpload;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemsetD32Async;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import jcuda.Pointer;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/**
 * Launches, copies and fills in the order of their calls, put off until somebody waits or there are
 * many. Work that comes the same way again and again, byte for byte, is captured as a graph and
 * from then on replayed by one call; what changes from step to step lies in the {@link Inbox} and
 * is no part of it. Work that is new, such as that of a freshly sampled path, is launched piece by
 * piece.
 */
final class Queue implements AutoCloseable {
  /** Arguments of a kernel at most. */
  static final int ARGUMENTS = 64;

  /** All arguments of a kernel together may take this much. */
  private static final int VALUES = 4096;

  private static final int HEADER = 48;

  /** Room that a record may need. */
  static final int RECORD = HEADER + VALUES + 4 * ARGUMENTS + 8;

  /** What a record may put into the inbox: numbers for all its arguments, and a list of them. */
  private static final int INBOX_OF_A_RECORD = 16 * 1024;

  private static final int CAPACITY = 1 << 20;

  /** So many pieces at most wait for each other: the device should not wait for them long. */
  private static final int PIECES = 512;

  private static final int LAUNCH = 1;
  private static final int COPY = 2;
  private static final int FILL = 3;

  /** Once is chance; the second time costs a capture and is the first replay. */
  private static final int CAPTURE_AT = 2;

  private final Runnable enter;
  private final CUstream stream;
  private final Inbox inbox;
  private final ByteBuffer records =
      ByteBuffer.allocateDirect(CAPACITY).order(ByteOrder.nativeOrder());
  private final MemorySegment memory = MemorySegment.ofBuffer(records);
  private final ByteBuffer table =
      ByteBuffer.allocateDirect(8 * ARGUMENTS).order(ByteOrder.nativeOrder());
  private final Pointer tablePointer = Pointer.to(table); // made once, for all launches
  private final List<Kernel> kernels = new ArrayList<>();
  private final Captures captures = new Captures();
  private final boolean capturing;
  private int end;
  private int pieces;
  private long replayed;
  private long launched;

  /**
   * @param capturing whether work that repeats is captured
   * @param enter makes the device that of the calling thread
   */
  Queue(CUstream stream, Inbox inbox, boolean capturing, Runnable enter) {
    this.enter = enter;
    this.stream = stream;
    this.inbox = inbox;
    this.capturing = capturing;
  }

  ByteBuffer bytes() {
    return records;
  }

  Inbox inbox() {
    return inbox;
  }

  /** Where the arguments of the next launch begin. */
  int valuesStart() {
    return end + HEADER;
  }

  /** Sees that there is room for a record of that size and what it puts into the inbox. */
  void room(int bytes) {
    if (end + bytes > CAPACITY || pieces >= PIECES || !inbox.fits(INBOX_OF_A_RECORD)) {
      flush();
    }
  }

  void launch(
      Kernel kernel,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int sharedBytes,
      int valuesEnd,
      int[] offsets,
      int arguments) {
    if (valuesEnd - valuesStart() > VALUES) {
      throw new IllegalStateException(kernel.name() + " takes more than " + VALUES + " bytes");
    }
    int at = end;
    records.putInt(at, LAUNCH);
    records.putInt(at + 4, id(kernel));
    records.putInt(at + 8, gridX);
    records.putInt(at + 12, gridY);
    records.putInt(at + 16, gridZ);
    records.putInt(at + 20, blockX);
    records.putInt(at + 24, blockY);
    records.putInt(at + 28, blockZ);
    records.putInt(at + 32, sharedBytes);
    records.putInt(at + 36, arguments);
    int table = (valuesEnd + 3) & -4;
    records.putInt(at + 40, table - at);
    for (int i = 0; i < arguments; i++) {
      records.putInt(table + 4 * i, offsets[i]);
    }
    int next = table + 4 * arguments;
    if ((next & 7) != 0) {
      records.putInt(next, 0);
      next += 4;
    }
    records.putInt(at + 44, next - at);
    end = next;
    pieces++;
  }

  private int id(Kernel kernel) {
    if (kernel.id() < 0) {
      kernel.id(kernels.size());
      kernels.add(kernel);
    }
    return kernel.id();
  }

  /** y = the values that the inbox has been given, once the work begins. */
  void receive(float[] values, CudaBuffer y) {
    if (!inbox.fits(4L * y.size())) {
      flush();
    }
    room(32);
    piece(COPY, CudaBuffer.address(y), inbox.put(values, y.size()), 4L * y.size());
  }

  void copy(long to, long from, long bytes) {
    room(32);
    piece(COPY, to, from, bytes);
  }

  void fill(long to, int bits, long count) {
    room(32);
    piece(FILL, to, bits, count);
  }

  private void piece(int kind, long to, long what, long count) {
    records.putLong(end, kind);
    records.putLong(end + 8, to);
    records.putLong(end + 16, what);
    records.putLong(end + 24, count);
    end += 32;
    pieces++;
  }

  /**
   * Hands what is queued to the driver.
   *
   * @throws CudaException if it refuses; what was queued is then forgotten
   */
  void flush() {
    enter.run();
    int bytes = end;
    int count = pieces;
    end = 0;
    pieces = 0;
    if (bytes == 0) {
      return;
    }
    try {
      inbox.send();
      Captures.Capture known = capturing ? captures.find(memory.asSlice(0, bytes)) : null;
      CUgraphExec graph = known == null ? null : known.graph();
      if (known != null && graph == null && known.seen() >= CAPTURE_AT) {
        graph = capture(bytes);
        known.graph(graph);
      }
      if (graph != null) {
        CudaException.check(cuGraphLaunch(graph, stream), "replaying a step");
        replayed += count;
      } else {
        issue(bytes);
        launched += count;
      }
    } catch (CudaException e) {
      inbox.clear();
      throw e;
    }
  }

  private CUgraphExec capture(int bytes) {
    CudaException.check(
        cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "capturing a step");
    @Nullable CudaException failure = null;
    try {
      issue(bytes);
    } catch (CudaException e) {
      failure = e;
    }
    CUgraph graph = new CUgraph();
    int result = cuStreamEndCapture(stream, graph);
    if (failure != null) {
      throw failure;
    }
    CudaException.check(result, "capturing a step");
    CUgraphExec exec = new CUgraphExec();
    CudaException.check(cuGraphInstantiate(exec, graph, 0), "making a graph of a step");
    cuGraphDestroy(graph);
    CudaException.check(cuGraphUpload(exec, stream), "uploading a graph");
    return exec;
  }

  private void issue(int bytes) {
    for (int at = 0; at < bytes; ) {
      switch (records.getInt(at)) {
        case LAUNCH -> {
          issueLaunch(at);
          at += records.getInt(at + 44);
        }
        case COPY -> {
          CudaException.check(
              cuMemcpyDtoDAsync(
                  inbox.base().at(records.getLong(at + 8)),
                  inbox.base().at(records.getLong(at + 16)),
                  records.getLong(at + 24),
                  stream),
              "copying on the device");
          at += 32;
        }
        default -> {
          CudaException.check(
              cuMemsetD32Async(
                  inbox.base().at(records.getLong(at + 8)),
                  (int) records.getLong(at + 16),
                  records.getLong(at + 24),
                  stream),
              "filling device memory");
          at += 32;
        }
      }
    }
  }

  private void issueLaunch(int at) {
    Kernel kernel = kernels.get(records.getInt(at + 4));
    int arguments = records.getInt(at + 36);
    int offsets = at + records.getInt(at + 40);
    long values = memory.address() + at + HEADER;
    for (int i = 0; i < arguments; i++) {
      table.putLong(8 * i, values + records.getInt(offsets + 4 * i));
    }
    int result =
        cuLaunchKernel(
            kernel.function(),
            records.getInt(at + 8),
            records.getInt(at + 12),
            records.getInt(at + 16),
            records.getInt(at + 20),
            records.getInt(at + 24),
            records.getInt(at + 28),
            records.getInt(at + 32),
            stream,
            tablePointer,
            null);
    if (result != 0) {
      throw CudaException.of(result, "launching " + kernel.name());
    }
  }

  /** Pieces that graphs replayed. */
  long replayed() {
    return replayed;
  }

  /** Pieces that were handed to the driver one by one. */
  long launched() {
    return launched;
  }

  /** Graphs that are kept. */
  int graphs() {
    return captures.graphs();
  }

  @Override
  public void close() {
    captures.close();
  }
}

package org.espalier.cuda;

import static jcuda.driver.CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
import static jcuda.driver.JCudaDriver.cuGraphDestroy;
import static jcuda.driver.JCudaDriver.cuGraphExecDestroy;
import static jcuda.driver.JCudaDriver.cuGraphInstantiate;
import static jcuda.driver.JCudaDriver.cuGraphLaunch;
import static jcuda.driver.JCudaDriver.cuGraphUpload;
import static jcuda.driver.JCudaDriver.cuLaunchKernel;
import static jcuda.driver.JCudaDriver.cuMemAlloc;
import static jcuda.driver.JCudaDriver.cuMemFree;
import static jcuda.driver.JCudaDriver.cuMemcpyDtoDAsync;
import static jcuda.driver.JCudaDriver.cuMemcpyHtoD;
import static jcuda.driver.JCudaDriver.cuMemsetD32Async;
import static jcuda.driver.JCudaDriver.cuStreamBeginCapture;
import static jcuda.driver.JCudaDriver.cuStreamEndCapture;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import jcuda.Pointer;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstream;
import org.espalier.backend.DeviceException;
import org.jspecify.annotations.Nullable;

/**
 * Launches, calls of libraries, copies and fills in the order of their calls, put off until
 * somebody waits or there are many; a {@link Plan} then says what of it is done together. Work that
 * comes the same way again and again, byte for byte, is captured as a graph and from then on
 * replayed by one call; what changes from step to step lies in the {@link Inbox} and is no part of
 * it. Work that is new, such as that of a freshly sampled path, is launched call by call.
 */
final class Queue implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Queue.class.getName());

  /** What a launch may put into the inbox: numbers for all its arguments, and a list of them. */
  private static final int INBOX_OF_A_LAUNCH = 16 * 1024;

  private static final int CAPACITY = 1 << 20;

  /** Bytes of the device for the arguments of work that is launched call by call. */
  static final int ARGUMENTS = 4 * CAPACITY;

  /**
   * So many pieces at most wait for each other: enough for the branches of a cell to be joined, few
   * enough for the device not to wait long.
   */
  private static final int PIECES = 2048;

  /** Once is chance; the second time costs a capture and is the first replay. */
  private static final int CAPTURE_AT = 2;

  /** For tests: a seed, by which work is delayed as far as it may be. */
  static final String LATE = "espalier.cuda.late";

  private final Runnable enter;
  private final CUstream stream;
  private final Inbox inbox;
  private final Inbox arguments;
  private final Records records = new Records(CAPACITY, PIECES);
  private final Plan plan;
  private final List<Kernel> kernels = new ArrayList<>();
  private final List<Library> libraries = new ArrayList<>();
  private final Captures captures = new Captures();
  private final boolean capturing;
  private boolean making = true;
  private final TreeMap<String, Long> calls = new TreeMap<>();
  private long replayed;

  private record Library(String function, LibraryCall call) {}

  // What a kernel takes: jobs, jobBytes, jobDepth. The pointers are made once, for all launches.
  private final ByteBuffer parameters = direct(16);
  private final ByteBuffer table = direct(24);
  private final Pointer tablePointer = Pointer.to(table);

  /**
   * @param capturing whether work that repeats is captured
   * @param enter makes the device that of the calling thread
   */
  Queue(CUstream stream, Arena arena, Inbox inbox, boolean capturing, Runnable enter) {
    this.enter = enter;
    this.stream = stream;
    this.inbox = inbox;
    this.capturing = capturing;
    arguments = new Inbox(stream, arena, ARGUMENTS);
    Long seed = Long.getLong(LATE);
    plan = new Plan(PIECES, seed == null ? null : new Random(seed));
    long address = MemorySegment.ofBuffer(parameters).address();
    table.putLong(0, address).putLong(8, address + 8).putLong(16, address + 12);
  }

  private static ByteBuffer direct(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  ByteBuffer bytes() {
    return records.bytes();
  }

  Inbox inbox() {
    return inbox;
  }

  /** Where the arguments of the next launch begin. */
  int valuesStart() {
    return records.valuesStart();
  }

  /** Sees that there is room for a record of that size and what it puts into the inbox. */
  void room(int bytes) {
    enter.run(); // the inbox may have to wait
    if (!records.fits(bytes) || !inbox.fits(INBOX_OF_A_LAUNCH)) {
      flush();
    }
  }

  /** The arguments end at {@code valuesEnd}; {@code extents} are bytes times two, plus writes. */
  void launch(
      Kernel kernel,
      int gridX,
      int gridY,
      int gridZ,
      int threads,
      int sharedBytes,
      int valuesEnd,
      long[] addresses,
      long[] extents,
      int accesses) {
    if (valuesEnd - valuesStart() > Records.VALUES) {
      throw new IllegalStateException(
          kernel.name() + " takes more than " + Records.VALUES + " bytes");
    }
    if (kernel.id() < 0) {
      kernel.id(kernels.size());
      kernels.add(kernel);
    }
    records.launch(
        kernel.id(),
        gridX,
        gridY,
        gridZ,
        threads,
        sharedBytes,
        valuesEnd,
        addresses,
        extents,
        accesses);
  }

  /** Makes a call of a library's function known; returns the number that it is queued by. */
  int add(String function, LibraryCall call) {
    libraries.add(new Library(function, call));
    return libraries.size() - 1;
  }

  /** As {@link #launch}, of a library. */
  void call(int number, int valuesEnd, long[] addresses, long[] extents, int accesses) {
    records.call(number, valuesEnd, addresses, extents, accesses);
  }

  /** y = the values that the inbox has been given, once the work begins. */
  void receive(float[] values, CudaBuffer y) {
    enter.run();
    if (!inbox.fits(4L * y.size()) || !records.fits(Records.SIMPLE)) {
      flush(); // before the inbox takes them: what it has been given belongs to what is queued
    }
    copy(CudaBuffer.address(y), inbox.put(values, y.size()), 4L * y.size());
  }

  void copy(long to, long from, long bytes) {
    if (!records.fits(Records.SIMPLE)) {
      flush();
    }
    records.simple(Records.COPY, to, from, bytes);
  }

  void fill(long to, int bits, long count) {
    room(Records.SIMPLE);
    records.simple(Records.FILL, to, bits, count);
  }

  /**
   * Hands what is queued to the driver.
   *
   * @throws DeviceException if it refuses; what was queued is then forgotten
   */
  void flush() {
    enter.run();
    if (records.count() == 0) {
      return;
    }
    try {
      inbox.send();
      Captures.Capture known = capturing ? captures.find(records.memory()) : null;
      if (making && known != null && known.graph() == null && known.seen() >= CAPTURE_AT) {
        making = tryCapture(known);
      }
      CUgraphExec graph = known == null ? null : known.graph();
      if (known != null && graph != null) {
        CudaException.check(cuGraphLaunch(graph, stream), "replaying a step");
        known.calls().forEach((name, times) -> calls.merge(name, times, Long::sum));
        replayed += known.size();
      } else {
        plan.make(records);
        long address = arguments.put(plan.arguments(), plan.used());
        arguments.send();
        issue(address, calls);
      }
    } catch (DeviceException e) {
      inbox.clear();
      arguments.clear();
      throw e;
    } finally {
      records.clear();
    }
  }

  /** Makes a graph of it, if device and libraries can: without, it is launched call by call. */
  private boolean tryCapture(Captures.Capture work) {
    try {
      capture(work);
      return true;
    } catch (DeviceException e) {
      if (e instanceof CudaException failed && !failed.refusesGraphs()) {
        throw e;
      }
      LOG.log(System.Logger.Level.WARNING, "no more graphs are made of steps: " + e.getMessage());
      return false;
    }
  }

  private void capture(Captures.Capture work) {
    plan.make(records);
    DevicePointer jobs = new DevicePointer();
    CudaException.check(
        cuMemAlloc(jobs, Math.max(1, plan.used())), "allocating the arguments of a graph");
    CUgraphExec exec = new CUgraphExec();
    try {
      CudaException.check(
          cuMemcpyHtoD(jobs, Pointer.to(plan.arguments()), plan.used()), "copying to the device");
      Map<String, Long> counted = new TreeMap<>();
      CUgraph graph = record(jobs.address(), counted);
      int result = cuGraphInstantiate(exec, graph, 0);
      cuGraphDestroy(graph);
      CudaException.check(result, "making a graph of a step");
      result = cuGraphUpload(exec, stream);
      if (result != 0) {
        cuGraphExecDestroy(exec);
      }
      CudaException.check(result, "uploading a graph");
      work.graph(exec, jobs, counted);
    } finally {
      if (work.graph() == null) {
        cuMemFree(jobs);
      }
    }
  }

  /** What the plan puts on the stream, as a graph. */
  private CUgraph record(long jobs, Map<String, Long> counted) {
    CudaException.check(
        cuStreamBeginCapture(stream, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL), "capturing a step");
    CUgraph graph = new CUgraph();
    @Nullable DeviceException failure = null;
    try {
      issue(jobs, counted);
    } catch (DeviceException e) {
      failure = e;
    }
    int result = cuStreamEndCapture(stream, graph);
    if (failure != null) {
      if (result == 0) {
        cuGraphDestroy(graph);
      }
      throw failure;
    }
    CudaException.check(result, "capturing a step");
    return graph;
  }

  /** Makes the calls of the plan, whose arguments are at that address, and counts them. */
  private void issue(long address, Map<String, Long> counted) {
    for (Plan.Call call : plan.calls()) {
      int piece = call.piece();
      String name =
          switch (records.kind(piece)) {
            case Records.LAUNCH -> launch(call, address + call.at());
            case Records.CALL -> {
              Library library = libraries.get(records.kernel(piece));
              library.call.issue(records.bytes(), records.valuesAt(piece));
              yield library.function;
            }
            case Records.COPY -> {
              CudaException.check(
                  cuMemcpyDtoDAsync(
                      inbox.base().at(records.to(piece)),
                      inbox.base().at(records.what(piece)),
                      records.size(piece),
                      stream),
                  "copying on the device");
              yield "copy";
            }
            default -> {
              CudaException.check(
                  cuMemsetD32Async(
                      inbox.base().at(records.to(piece)),
                      (int) records.what(piece),
                      records.size(piece),
                      stream),
                  "filling device memory");
              yield "set";
            }
          };
      counted.merge(name, 1L, Long::sum);
    }
  }

  private String launch(Plan.Call call, long jobs) {
    Kernel kernel = kernels.get(records.kernel(call.piece()));
    parameters.putLong(0, jobs).putInt(8, call.jobBytes()).putInt(12, call.depth());
    int result =
        cuLaunchKernel(
            kernel.function(),
            call.gridX(),
            call.gridY(),
            call.depth() * call.jobs(),
            records.threads(call.piece()),
            1,
            1,
            call.shared(),
            stream,
            tablePointer,
            null);
    if (result != 0) {
      throw CudaException.of(result, "launching " + kernel.name());
    }
    return kernel.name();
  }

  /** How often each kernel was launched, in graphs and outside; "copy" and "set" with them. */
  Map<String, Long> calls() {
    return Map.copyOf(calls);
  }

  /** Calls of the driver that graphs stood for. */
  long replayed() {
    return replayed;
  }

  /** Calls of the driver outside of graphs. */
  long launched() {
    return calls.values().stream().mapToLong(Long::longValue).sum() - replayed;
  }

  /** Graphs that are kept. */
  int graphs() {
    return captures.graphs();
  }

  @Override
  public void close() {
    captures.close();
    arguments.close();
  }
}

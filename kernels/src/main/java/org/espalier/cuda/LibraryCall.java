package org.espalier.cuda;

import java.nio.ByteBuffer;

/**
 * Work that a library of NVIDIA's puts on the stream. To the {@link Queue} it is a piece of work as
 * a launch is, with what it reads and writes, but nothing is joined to it.
 */
interface LibraryCall {
  /**
   * Puts it on the stream, or into what the stream captures.
   *
   * @param at where its arguments begin, laid out as {@link Launch} does it
   * @throws org.espalier.backend.DeviceException if the library refuses
   */
  void issue(ByteBuffer arguments, int at);
}

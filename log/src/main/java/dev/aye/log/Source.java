package dev.aye.log;

import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** Where the files of a log are read: a folder, or a site on the network. */
interface Source {
  /**
   * The whole content, or nothing if there is no such file.
   *
   * @throws IOException also if there are more bytes than the limit
   */
  Optional<byte[]> read(String path, int limit) throws IOException;

  /** Where the content of a partial tile may be found when it is gone: in these, best first. */
  List<TilePath> wider(TilePath path);
}

//! The memory of a file, in which its result is written as it is read.
//!
//! Both are about as large, so a photo takes the memory of one of them. Reading keeps ahead of
//! writing; what is written too early, because the result is larger than what it was made of, waits
//! in a queue.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::rc::Rc;

/// The memory of a file, shared by its reader and the writer of its result.
#[derive(Debug, Clone)]
pub(super) struct InPlaceBuffer(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    bytes: Vec<u8>,
    /// Bytes at the beginning that belong to the result.
    written: usize,
    /// Where reading goes on; all before that may be written to.
    read: usize,
    /// Where reading ends.
    end: usize,
    /// What comes behind `written` and found no room yet.
    waiting: VecDeque<u8>,
}

impl InPlaceBuffer {
    /// Of a file of which no more is to be read than what lies at `data`.
    pub(super) fn new(file: Vec<u8>, data: std::ops::Range<usize>) -> Self {
        let end = data.end.min(file.len());
        Self(Rc::new(RefCell::new(State {
            bytes: file,
            written: 0,
            read: data.start.min(end),
            end,
            waiting: VecDeque::new(),
        })))
    }

    /// All that was written.
    pub(super) fn finish(self) -> Vec<u8> {
        let mut state = self.0.borrow_mut();
        state.read = state.bytes.len();
        state.settle();
        let State {
            bytes,
            written,
            waiting,
            ..
        } = &mut *state;
        bytes.truncate(*written);
        bytes.extend(waiting.iter());
        bytes.shrink_to_fit();
        std::mem::take(bytes)
    }
}

impl State {
    /// Lets what waits have the room that there is now.
    fn settle(&mut self) {
        let count = self.waiting.len().min(self.read - self.written);
        let room = self.bytes.iter_mut().skip(self.written);
        for (to, from) in room.zip(self.waiting.drain(..count)) {
            *to = from;
        }
        self.written += count;
    }
}

impl Read for InPlaceBuffer {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let mut rest = state.bytes.get(state.read..state.end).unwrap_or_default();
        let count = rest.read(buffer)?;
        state.read += count;
        state.settle();
        Ok(count)
    }
}

impl Write for InPlaceBuffer {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let state = &mut *state;
        let mut count = 0;
        if state.waiting.is_empty() {
            let mut room = state
                .bytes
                .get_mut(state.written..state.read)
                .unwrap_or_default();
            count = room.write(data)?;
            state.written += count;
        }
        state.waiting.extend(&data[count..]);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is written at whatever pace, all of both arrives.
        #[test]
        fn reading_and_writing_do_not_meet(
            length in 0_usize..300,
            ends in (0_usize..300, 0_usize..300),
            steps in prop::collection::vec((0_usize..40, 0_usize..40), 0..30),
        ) {
            let file: Vec<u8> = (0..=u8::MAX).cycle().take(length).collect();
            let data = ends.0.min(length)..ends.0.max(ends.1).min(length);
            let mut room = InPlaceBuffer::new(file.clone(), data.clone());
            let (mut read, mut written) = (Vec::new(), Vec::new());
            for (reads, writes) in steps {
                let mut piece = vec![0; reads];
                let count = room.read(&mut piece).unwrap();
                read.extend(&piece[..count]);
                let piece = vec![u8::try_from(written.len() % 251).unwrap(); writes];
                room.write_all(&piece).unwrap();
                written.extend(piece);
            }
            room.read_to_end(&mut read).unwrap();
            prop_assert_eq!(&read, &file[data]);
            prop_assert_eq!(room.finish(), written);
        }
    }
}

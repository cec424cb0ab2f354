//! A volume as the kubelet makes and renews it: its file is a link into a folder that is replaced as
//! a whole.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A volume of one file.
pub(crate) struct Volume {
    folder: TempDir,
    name: &'static str,
}

impl Volume {
    pub(crate) fn holding(name: &'static str, content: &str) -> Self {
        let volume = Self::empty(name);
        volume.renew(content);
        volume
    }

    /// One whose file is not there yet, as of a ConfigMap that is optional.
    pub(crate) fn empty(name: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, name }
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.folder().join(self.name)
    }

    pub(crate) fn renew(&self, content: &str) {
        let data = tempfile::tempdir_in(self.folder()).unwrap().keep();
        fs::write(data.join(self.name), content).unwrap();
        let link = self.folder().join("..data_tmp");
        symlink(data.file_name().unwrap(), &link).unwrap();
        fs::rename(&link, self.folder().join("..data")).unwrap();
        if !self.file().exists() {
            symlink(format!("..data/{}", self.name), self.file()).unwrap();
        }
    }
}

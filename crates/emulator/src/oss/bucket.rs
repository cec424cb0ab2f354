//! Buckets: making, showing, listing and removing them.

use axum::response::Response;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;

use super::Oss;
use super::encryption::Encryption;
use super::error::{OssError, Result};
use super::incoming::Incoming;
use super::object::{BucketAcl, Object, StorageClass};
use super::request::OssRequest;
use super::store::{AboutBucket, Bucket, Record};
use super::xml::Xml;
use super::{iso_time, reply, xml};

const DEFAULT_REDUNDANCY: &str = "LRS";
const REDUNDANCIES: [&str; 2] = [DEFAULT_REDUNDANCY, "ZRS"];
/// Every bucket is in the group that an account has from the start.
const RESOURCE_GROUP: &str = "rg-emulator";
/// The storage classes with their names in the figures of a bucket.
const CLASSES: [(StorageClass, &str); 5] = [
    (StorageClass::Standard, "Standard"),
    (StorageClass::IA, "InfrequentAccess"),
    (StorageClass::Archive, "Archive"),
    (StorageClass::ColdArchive, "ColdArchive"),
    (StorageClass::DeepColdArchive, "DeepColdArchive"),
];
/// Features of a bucket that are never enabled here.
const NEVER_ENABLED: [&str; 3] = [
    "AccessMonitor",
    "CrossRegionReplication",
    "TransferAcceleration",
];

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct CreateBucketConfiguration {
    storage_class: Option<String>,
    data_redundancy_type: Option<String>,
}

impl Oss {
    pub(super) async fn put_bucket(
        &self,
        request: &OssRequest,
        body: &mut Incoming,
    ) -> Result<Response> {
        let document = body.document(request).await?;
        let configuration: CreateBucketConfiguration = if document.is_empty() {
            CreateBucketConfiguration::default()
        } else {
            xml::parse(&document)?
        };
        let acl: Option<BucketAcl> = request.parsed("x-oss-acl", |acl| acl.parse().ok())?;
        let about = AboutBucket {
            created: request.received,
            acl: acl.unwrap_or_default(),
            storage_class: configuration.storage_class()?,
            redundancy: configuration.redundancy()?,
            encryption: Encryption::read(|name| request.parts.headers.get(name)?.to_str().ok())?,
            cors: None,
        };
        self.make_bucket(request.bucket(), about, acl)?;
        let location = HeaderValue::try_from(format!("/{}", request.bucket()));
        let location = location.ok().map(|location| (LOCATION, location));
        Ok(reply::empty(StatusCode::OK, location))
    }

    /// Makes a bucket. One that exists keeps all but its access control list.
    pub(super) fn make_bucket(
        &self,
        bucket: &str,
        about: AboutBucket,
        acl: Option<BucketAcl>,
    ) -> Result<()> {
        let bucket = bucket.to_owned();
        self.commit(|store| {
            let record = match store.bucket(&bucket) {
                Err(_) => Record::PutBucket { bucket, about },
                Ok(existing) => Record::SetBucketAcl {
                    bucket,
                    acl: acl.unwrap_or(existing.about.acl),
                },
            };
            Ok((record, ()))
        })
    }

    pub(super) fn delete_bucket(&self, request: &OssRequest) -> Result<Response> {
        self.commit(|store| {
            let bucket = store.bucket(request.bucket())?;
            if !bucket.objects.is_empty() || !bucket.uploads.is_empty() {
                let message = "The bucket has objects. Please delete them first.";
                return Err(OssError::conflict("BucketNotEmpty", message)
                    .with("BucketName", request.bucket())
                    .with_event_code("0015-00000301"));
            }
            Ok((
                Record::DeleteBucket {
                    bucket: request.bucket().to_owned(),
                },
                (),
            ))
        })?;
        Ok(reply::no_content())
    }

    pub(super) fn get_bucket_info(&self, request: &OssRequest) -> Result<Response> {
        let about = self.store().bucket(request.bucket())?.about.clone();
        let mut xml = Xml::new("BucketInfo");
        xml.nest("Bucket", |xml| {
            xml.text("CreationDate", &iso_time(about.created));
            self.whereabouts(request, xml);
            xml.text("StorageClass", about.storage_class.name());
            xml.text("DataRedundancyType", &about.redundancy);
            xml.text("Name", request.bucket());
            xml.text("ResourceGroupId", RESOURCE_GROUP);
            for feature in NEVER_ENABLED {
                xml.text(feature, "Disabled");
            }
            xml.text("BlockPublicAccess", "false").text("Comment", "");
            xml.nest("BucketPolicy", |xml| {
                xml.text("LogBucket", "").text("LogPrefix", "");
            });
            xml.nest("ServerSideEncryptionRule", |xml| {
                Encryption::describe(about.encryption.as_ref(), xml);
            });
            self.owner(xml);
            xml.nest("AccessControlList", |xml| {
                xml.text("Grant", about.acl.name());
            });
        });
        Ok(reply::document(xml))
    }

    pub(super) fn get_bucket_location(&self, request: &OssRequest) -> Result<Response> {
        self.store().bucket(request.bucket())?;
        let mut xml = Xml::new("LocationConstraint");
        xml.content(&self.location());
        Ok(reply::document(xml))
    }

    pub(super) fn get_bucket_stat(&self, request: &OssRequest) -> Result<Response> {
        let store = self.store();
        let bucket = store.bucket(request.bucket())?;
        let mut xml = Xml::new("BucketStat");
        let mut number = |name: &str, number: u64| {
            xml.text(name, &number.to_string());
        };
        let all = Usage::of(bucket, |_| true);
        number("Storage", all.bytes);
        number("ObjectCount", all.objects);
        number("MultipartUploadCount", bucket.uploads.len() as u64);
        let parts = bucket
            .uploads
            .values()
            .map(|upload| upload.parts.len() as u64);
        number("MultipartPartCount", parts.sum());
        number("LiveChannelCount", 0);
        number("DeleteMarkerCount", 0);
        let written = bucket
            .objects
            .values()
            .map(|object| object.modified.as_second());
        let last = written.max().and_then(|second| u64::try_from(second).ok());
        number("LastModifiedTime", last.unwrap_or(0));
        for (class, prefix) in CLASSES {
            let usage = Usage::of(bucket, |object| object.described.storage_class == class);
            number(&format!("{prefix}Storage"), usage.bytes);
            // The size that is charged for: the same, since there is no minimum size of objects.
            if class != StorageClass::Standard {
                number(&format!("{prefix}RealStorage"), usage.bytes);
            }
            number(&format!("{prefix}ObjectCount"), usage.objects);
        }
        Ok(reply::document(xml))
    }

    /// Always empty: clients that clean up a bucket ask for it.
    pub(super) fn list_live_channels(&self, request: &OssRequest) -> Result<Response> {
        let limit = request.query.number("max-keys", 1..=1000)?.unwrap_or(100);
        self.store().bucket(request.bucket())?;
        let text = |name| request.query.get(name).unwrap_or_default();
        let mut xml = Xml::new("ListLiveChannelResult");
        xml.text("Prefix", text("prefix"))
            .text("Marker", text("marker"))
            .text("MaxKeys", &limit.to_string())
            .text("IsTruncated", "false")
            .text("NextMarker", "");
        Ok(reply::document(xml))
    }

    pub(super) fn list_buckets(&self, request: &OssRequest) -> Result<Response> {
        let limit = request.query.number("max-keys", 1..=1000)?.unwrap_or(100);
        let prefix = request.query.get("prefix").unwrap_or_default();
        let marker = request.query.get("marker").unwrap_or_default();
        let store = self.store();
        let matching = store.buckets().filter(|(name, _)| {
            name.starts_with(prefix) && (marker.is_empty() || name.as_str() > marker)
        });
        let mut matching = matching.peekable();
        let page: Vec<_> = matching.by_ref().take(super::list::count(limit)).collect();

        let mut xml = Xml::new("ListAllMyBucketsResult");
        if let (Some(_), Some((last, _))) = (matching.peek(), page.last()) {
            xml.text("Prefix", prefix).text("Marker", marker);
            xml.text("MaxKeys", &limit.to_string());
            xml.text("IsTruncated", "true").text("NextMarker", last);
        }
        self.owner(&mut xml);
        xml.nest("Buckets", |xml| {
            for (name, bucket) in page {
                xml.nest("Bucket", |xml| {
                    xml.text("CreationDate", &iso_time(bucket.about.created));
                    self.whereabouts(request, xml);
                    xml.text("Name", name);
                    xml.text("Region", &self.shared.settings.region);
                    xml.text("ResourceGroupId", RESOURCE_GROUP);
                    xml.text("StorageClass", bucket.about.storage_class.name());
                });
            }
        });
        Ok(reply::document(xml))
    }

    /// The account that owns everything.
    pub(super) fn owner(&self, xml: &mut Xml) {
        let account = &self.shared.settings.account;
        xml.nest("Owner", |xml| {
            xml.text("DisplayName", account).text("ID", account);
        });
    }

    /// Where the bucket is and how it is reached: at the emulator, both ways.
    fn whereabouts(&self, request: &OssRequest, xml: &mut Xml) {
        let base = self.base_url(request);
        let endpoint = base
            .split_once("://")
            .map_or(base.as_str(), |(_, authority)| authority);
        xml.text("ExtranetEndpoint", endpoint)
            .text("IntranetEndpoint", endpoint);
        xml.text("Location", &self.location());
    }

    fn location(&self) -> String {
        format!("oss-{}", self.shared.settings.region)
    }
}

/// Number and size of some objects of a bucket.
#[derive(Debug, Default)]
struct Usage {
    objects: u64,
    bytes: u64,
}

impl Usage {
    fn of(bucket: &Bucket, counts: impl Fn(&Object) -> bool) -> Self {
        let counted = bucket.objects.values().filter(|object| counts(object));
        counted.fold(Self::default(), |sum, object| Self {
            objects: sum.objects + 1,
            bytes: sum.bytes + object.size(),
        })
    }
}

impl CreateBucketConfiguration {
    fn storage_class(&self) -> Result<StorageClass> {
        let Some(text) = self.storage_class.as_deref().map(str::trim) else {
            return Ok(StorageClass::default());
        };
        let class = text.parse();
        class.map_err(|_| OssError::invalid_argument("StorageClass", text))
    }

    fn redundancy(&self) -> Result<String> {
        let text = self
            .data_redundancy_type
            .as_deref()
            .map_or(DEFAULT_REDUNDANCY, str::trim);
        if REDUNDANCIES.contains(&text) {
            return Ok(text.to_owned());
        }
        Err(OssError::invalid_argument("DataRedundancyType", text))
    }
}
